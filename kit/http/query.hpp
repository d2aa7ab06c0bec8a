#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kit/result.hpp>

/// Query strings as `application/x-www-form-urlencoded` (WHATWG URL 5): `a=1&b=x+y&flag`. The same
/// functions serve form bodies.
namespace kit::http {

struct query_param {
  std::string name;
  std::string value;
  friend bool operator==(const query_param&, const query_param&) = default;
};

/// All parameters in their order, decoded; those without a name or without `=` too, empty parts
/// (`a&&b`) not. The error names the byte offset of a malformed `%`.
result<std::vector<query_param>> parse_query(std::string_view query);

/// One parameter as it was sent, to be decoded by `form_decode`. Views into the query.
struct raw_query_param {
  std::string_view name;
  std::string_view value;
};
/// Takes the first parameter off the front of a query; nothing at its end. Allocates nothing.
std::optional<raw_query_param> next_query_param(std::string_view& rest) noexcept;
/// Whether a name as it was sent stands for `name`.
bool is_query_name(std::string_view raw, std::string_view name);

/// The first parameter of that name, decoded; without `=` the value is empty. Looks at no other
/// value. Throws `errc::invalid_argument` when the value is malformed; a malformed name just
/// differs.
std::optional<std::string> find_query(std::string_view query, std::string_view name);
std::vector<std::string> find_query_all(std::string_view query, std::string_view name);

/// Builds a query string: `query_builder().add("q", "a b").add("n", "1").str()` is `q=a+b&n=1`.
class query_builder {
 public:
  query_builder& add(std::string_view name, std::string_view value);
  const std::string& str() const& noexcept { return text_; }
  std::string str() && noexcept { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace kit::http
