#include <kit/constraints/show.hpp>

#include <kit/codec/json.hpp>
#include <kit/codec/utf8.hpp>
#include <kit/detail/utf8.hpp>

namespace kit::detail {

std::string show_text(std::string_view text) {
  constexpr std::size_t longest = 64;
  const auto size = utf8_cut(text, longest);
  auto out = json::encode(to_utf8(std::string(text.substr(0, size)))).value_or(std::string());
  if (size < text.size()) out += "...";
  return out;
}

std::string show_count(std::size_t n, std::string_view what) {
  std::string out = std::to_string(n);
  out.append(" ").append(what);
  if (n != 1) out += 's';
  return out;
}

}  // namespace kit::detail
