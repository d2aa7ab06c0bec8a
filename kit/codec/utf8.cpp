#include <kit/codec/utf8.hpp>

#include <kit/detail/utf8.hpp>

namespace kit {

bool is_utf8(std::string_view text) noexcept {
  return kit::detail::find_invalid_utf8(text) == nullptr;
}

std::string to_utf8(std::string text) {
  const char* bad = kit::detail::find_invalid_utf8(text);
  if (!bad) return text;
  std::string out;
  std::string_view rest = text;
  while (bad) {
    const auto good = static_cast<std::size_t>(bad - rest.data());
    out.append(rest.substr(0, good));
    out += "\xef\xbf\xbd";
    rest.remove_prefix(good + 1);
    bad = kit::detail::find_invalid_utf8(rest);
  }
  return out.append(rest);
}

}  // namespace kit
