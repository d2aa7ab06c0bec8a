#include <kit/http/path_params.hpp>

namespace kit::http {

std::size_t path_params::size() const noexcept {
  std::size_t n = 0;
  for_each([&n](std::string_view, std::string_view) { ++n; });
  return n;
}

std::optional<std::string_view> path_params::get(std::string_view name) const noexcept {
  std::optional<std::string_view> found;
  for_each([&](std::string_view key, std::string_view value) {
    if (key == name) found = value;
  });
  return found;
}

void path_params::reserve(std::size_t params, std::size_t text_bytes) {
  packed_.reserve(packed_.size() + 2 * params + text_bytes);  // lengths have a byte, as a rule
}

void path_params::add(std::string_view name, std::string_view value) {
  put(name);
  put(value);
}

void path_params::put(std::string_view text) {
  std::size_t size = text.size();
  for (; size >= 0x80; size >>= 7)
    packed_.push_back(static_cast<char>(0x80 | (size & 0x7f)));
  packed_.push_back(static_cast<char>(size));
  packed_.append(text);
}

std::string_view path_params::take(std::string_view& rest) noexcept {
  std::size_t size = 0;
  std::size_t at = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(rest[at++]);
    size |= static_cast<std::size_t>(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  const auto text = rest.substr(at, size);
  rest.remove_prefix(at + size);
  return text;
}

}  // namespace kit::http
