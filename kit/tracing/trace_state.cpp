#include <kit/tracing/trace_state.hpp>

#include <algorithm>
#include <utility>

#include <kit/error.hpp>
#include <kit/http/syntax.hpp>

namespace kit::tracing::trace_state {
namespace {

bool is_lower_or_digit(char c) noexcept {
  return (c >= 'a' && c <= 'z') || http::is_digit(c);
}
bool is_key_char(char c) noexcept {
  return is_lower_or_digit(c) || c == '_' || c == '-' || c == '*' || c == '/' || c == '@';
}
bool is_value_char(char c) noexcept {
  return c >= ' ' && c <= '~' && c != ',' && c != '=';
}

bool is_key(std::string_view key) noexcept {
  return !key.empty() && key.size() <= max_key_size && is_lower_or_digit(key[0]) &&
         std::ranges::all_of(key, is_key_char);
}
bool is_value(std::string_view value) noexcept {
  return !value.empty() && value.size() <= max_value_size && value.back() != ' ' &&
         std::ranges::all_of(value, is_value_char);
}

bool is_member(std::string_view text) noexcept {
  const auto equals = text.find('=');
  return equals != std::string_view::npos && is_key(text.substr(0, equals)) &&
         is_value(text.substr(equals + 1));
}

// Takes the next member, trimmed, off the front.
std::string_view next(std::string_view& list) noexcept {
  const auto comma = std::min(list.find(','), list.size());
  const auto member = http::trim_ows(list.substr(0, comma));
  list.remove_prefix(std::min(comma + 1, list.size()));
  return member;
}

std::string_view key_of(std::string_view member) noexcept {
  return member.substr(0, member.find('='));
}

}  // namespace

std::shared_ptr<const std::string> parse(std::span<const std::string_view> fields) {
  std::string all;
  std::size_t count = 0;
  for (std::string_view list : fields) {
    while (!list.empty()) {
      const auto member = next(list);
      if (member.empty()) continue;
      if (!is_member(member)) return nullptr;
      if (++count > max_members) continue;
      if (!all.empty()) all += ',';
      all += member;
    }
  }
  return all.empty() ? nullptr : std::make_shared<const std::string>(std::move(all));
}

std::optional<std::string_view> get(std::string_view state, std::string_view key) noexcept {
  while (!state.empty()) {
    const auto member = next(state);
    if (key_of(member) == key) return member.substr(std::min(key.size() + 1, member.size()));
  }
  return std::nullopt;
}

std::shared_ptr<const std::string> with(std::string_view state, std::string_view key,
                                        std::string_view value) {
  if (!is_key(key)) {
    throw error(errc::invalid_argument, "tracestate: malformed key '" + std::string(key) + "'");
  }
  if (!is_value(value)) {
    throw error(errc::invalid_argument, "tracestate: malformed value of " + std::string(key));
  }
  std::string all = std::string(key) + '=' + std::string(value);
  for (std::size_t count = 1; !state.empty() && count < max_members;) {
    const auto member = next(state);
    if (member.empty() || key_of(member) == key) continue;
    all += ',';
    all += member;
    ++count;
  }
  return std::make_shared<const std::string>(std::move(all));
}

}  // namespace kit::tracing::trace_state
