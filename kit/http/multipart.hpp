#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <kit/http/headers.hpp>
#include <kit/result.hpp>

/// Content in parts: multipart/form-data and its kin (RFC 2046 5.1, RFC 7578). See also
/// `kit/http/multipart_reader.hpp` and `kit/http/multipart_form.hpp`.
namespace kit::http {

struct multipart_options {
  std::size_t max_parts = 1000;  ///< 1 or more
  /// The header fields of one part, in bytes, line ends counted, and their number.
  std::size_t max_header_bytes = 8 * 1024;
  std::size_t max_header_count = 32;
  /// What may stand before the first part, in bytes. It is dropped.
  std::size_t max_preamble_bytes = 4096;
};

/// Parses multipart content in pieces of any size, and keeps none of it: the parts' data come as
/// views into the input.
///
///     for (;;) {
///       const auto r = parser.next(input);         // input: what has come and was not consumed
///       input.remove_prefix(r.consumed);
///       if (r.what == event::need_more) ...         // append to the input, or give up at its end
///
/// Lines end with CRLF, and header fields are not folded. A line that starts with the delimiter and
/// goes on with other text than white space belongs to the data. What follows the last part is
/// dropped.
class multipart_parser {
 public:
  enum class event : std::uint8_t {
    need_more,  ///< nothing can be said before more has come
    part,       ///< a part begins: see `headers()`
    data,       ///< some of its data
    part_end,
    end,     ///< the last part has ended; also when asked again
    failed,  ///< see `error()`; also when asked again
  };
  struct result {
    event what;
    std::size_t consumed;        ///< bytes of the input that will not be wanted again
    std::string_view data = {};  ///< of `data`, never empty: a view into the input
  };

  /// Errors: throws `errc::invalid_argument` for a boundary that RFC 2046 rules out: it has 1 to 70
  ///         characters of a certain set, the last one no space.
  explicit multipart_parser(std::string_view boundary, const multipart_options& options = {});

  /// `in` starts with what the last call did not consume, which is at most an incomplete line of
  /// the header fields or of the delimiter.
  result next(std::string_view in);

  /// The fields of the part that began last.
  http::headers& headers() noexcept { return headers_; }
  /// After `failed`: `errc::invalid_argument` for malformed content, `errc::resource_exhausted`
  /// past a limit.
  kit::error error() const { return {code_, std::string(text_)}; }

 private:
  enum class stage : std::uint8_t { preamble, fields, data, done, failed };
  struct match;

  match find_delimiter(std::string_view in, bool at_start) const noexcept;
  result preamble(std::string_view in);
  result fields(std::string_view in);
  result data(std::string_view in);
  bool add_field(std::string_view line);
  bool begin_part();
  result fail(errc code, std::string_view text) noexcept;

  multipart_options options_;
  std::string delimiter_;  // CRLF "--" boundary
  stage stage_ = stage::preamble;
  bool at_start_ = true;  // nothing of the preamble or the part was seen
  std::size_t preamble_bytes_ = 0;
  std::size_t header_bytes_ = 0;
  std::size_t scanned_ = 0;  // of the line that is being read
  std::size_t parts_ = 0;
  http::headers headers_;
  errc code_ = errc::unknown;
  std::string_view text_;
};

/// The boundary that a `Content-Type` value names. Nothing when the type is not `multipart/...`, or
/// the boundary is missing or one that RFC 2046 rules out.
std::optional<std::string> multipart_boundary(std::string_view content_type);

/// What a part of a form says of itself.
struct part_description {
  std::string name;  ///< of the form's field; empty where the part does not tell
  /// There is one for files. Without directories, so that it is safe to join to a path: what stands
  /// up to the last slash or backslash is dropped, and `.` and `..` are empty. Otherwise as it was
  /// sent: browsers send `"` as `%22`.
  std::optional<std::string> filename = {};
  std::string content_type = "text/plain";

  friend bool operator==(const part_description&, const part_description&) = default;
};
/// Reads `Content-Disposition` and `Content-Type` of a part (RFC 7578 4). `filename*` (RFC 8187) in
/// UTF-8 goes before `filename`. Errors: `errc::invalid_argument` when the former is malformed.
result<part_description> describe_part(const headers& fields);

}  // namespace kit::http
