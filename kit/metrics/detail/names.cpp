#include <kit/metrics/detail/names.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>

#include <kit/codec/utf8.hpp>
#include <kit/http/syntax.hpp>

namespace kit::metrics::detail {
namespace {

bool is_letter(char c) noexcept {
  return http::is_alpha(c) || c == '_';
}

}  // namespace

bool valid_metric_name(std::string_view name) noexcept {
  return !name.empty() && !http::is_digit(name.front()) && std::ranges::all_of(name, [](char c) {
    return is_letter(c) || http::is_digit(c) || c == ':';
  });
}

bool valid_label_name(std::string_view name) noexcept {
  return !name.empty() && !http::is_digit(name.front()) && !name.starts_with("__") &&
         std::ranges::all_of(name, [](char c) { return is_letter(c) || http::is_digit(c); });
}

std::string with_question_marks(std::string_view text) {
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  std::string out(text);
  if (std::ranges::all_of(text, is_ascii) || is_utf8(text)) return out;
  std::ranges::replace_if(out, std::not_fn(is_ascii), '?');
  return out;
}

std::string_view without_total(std::string_view counter) noexcept {
  constexpr std::string_view suffix = "_total";
  if (counter.size() > suffix.size() && counter.ends_with(suffix))
    counter.remove_suffix(suffix.size());
  return counter;
}

std::vector<std::string> exposed_names(std::string_view name, metric_kind kind) {
  std::string base(kind == metric_kind::counter ? without_total(name) : name);
  switch (kind) {
    case metric_kind::counter:
      return {base, base + "_total", base + "_created"};
    case metric_kind::histogram:
      return {base, base + "_bucket", base + "_sum", base + "_count", base + "_created"};
    case metric_kind::gauge:
    case metric_kind::up_down_counter:
      break;
  }
  return {std::move(base)};
}

}  // namespace kit::metrics::detail
