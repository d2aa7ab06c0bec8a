#include <kit/metadata.hpp>

#include <algorithm>

namespace kit {
namespace {

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool same_key(std::string_view stored, std::string_view asked) noexcept {
  return std::equal(stored.begin(), stored.end(), asked.begin(), asked.end(),
                    [](char s, char a) { return s == lower(a); });
}

}  // namespace

metadata::metadata(std::initializer_list<value_type> entries) {
  entries_.reserve(entries.size());
  for (const auto& [key, value] : entries)
    add(key, value);
}

void metadata::add(std::string_view key, std::string value) {
  std::string low(key);
  std::transform(low.begin(), low.end(), low.begin(), lower);
  entries_.emplace_back(std::move(low), std::move(value));
}

void metadata::set(std::string_view key, std::string value) {
  remove(key);
  add(key, std::move(value));
}

std::size_t metadata::remove(std::string_view key) {
  return std::erase_if(entries_, [&](const value_type& e) { return same_key(e.first, key); });
}

std::optional<std::string_view> metadata::get(std::string_view key) const noexcept {
  for (const auto& e : entries_) {
    if (same_key(e.first, key)) return e.second;
  }
  return std::nullopt;
}

std::vector<std::string_view> metadata::get_all(std::string_view key) const {
  std::vector<std::string_view> found;
  for (const auto& e : entries_) {
    if (same_key(e.first, key)) found.push_back(e.second);
  }
  return found;
}

}  // namespace kit
