#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <kit/http/headers.hpp>

/// What clients would like to get: lists with weights, and the choice among what there is
/// (RFC 9110 12.4 and 12.5).
namespace kit::http {

/// A member of such a list. Views into the text.
struct weighted {
  std::string_view value;       ///< `gzip`, or `text/html;level=1`, without the weight
  std::uint16_t weight = 1000;  ///< in thousandths: 1000 is best, 0 means: not acceptable
  friend bool operator==(const weighted&, const weighted&) = default;
};
/// The members of a value of `Accept`, `Accept-Encoding` or `Accept-Language`, in their order. One
/// whose weight is malformed is left out.
std::vector<weighted> parse_weighted(std::string_view value);

/// Chooses a content coding for an answer by `Accept-Encoding`: that of the greatest weight, among
/// equals the first one in `offered`, which is in the server's order of preference and lacks
/// `identity`. A coding is taken before `identity` unless the client gives the latter more weight.
/// `x-gzip` stands for `gzip` (RFC 9110 8.4.1).
///
/// Returns a member of `offered`, or `identity`: also when there is no such field, as clients that
/// send none may know no coding. Nothing when all are refused, `identity` too: a server may answer
/// 406 (or 415 with its own `Accept-Encoding` to content), or send `identity` all the same.
std::optional<std::string_view> negotiate_encoding(const headers& fields,
                                                   std::span<const std::string_view> offered);

/// Chooses a media type by `Accept`: that of the greatest weight, among equals the first one in
/// `offered`. The most specific member that fits says the weight: `text/html;level=1`, then
/// `text/html`, `text/*`, `*/*`; of several such the first. Parameters of a member must be those of
/// the type.
///
/// Returns the place in `offered`; the first when there is no such field or nothing in it can be
/// read. Nothing when none is acceptable: 406, or send any.
std::optional<std::size_t> negotiate_media_type(const headers& fields,
                                                std::span<const std::string_view> offered);

}  // namespace kit::http
