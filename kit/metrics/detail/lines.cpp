#include <kit/metrics/detail/lines.hpp>

#include <algorithm>

#include <kit/error.hpp>
#include <kit/metrics/detail/numbers.hpp>

namespace kit::metrics::detail {
namespace {

bool is_plain(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}
bool is_control(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

template <class HasName>
void add_given(label_views& out, const std::vector<label>& given, HasName has_name) {
  for (const auto& l : given) {
    if (!has_name(l.name)) out.emplace_back(l.name, l.value);
  }
}

}  // namespace

void append_plain(std::string& out, std::string_view text, dots d) {
  for (const char c : text)
    out += is_plain(c) || (c == '.' && d == dots::stay) ? c : substitute;
}

void append_without(std::string& out, std::string_view text, std::string_view special) {
  for (const char c : text)
    out += is_control(c) || special.find(c) != std::string_view::npos ? substitute : c;
}

void append_value(std::string& out, double v) {
  const auto start = out.size();
  append_fixed(out, v, 6);
  if (out.find_first_not_of("-0.", start) == std::string::npos && out[start] == '-')
    out.erase(start, 1);
}

label_views all_labels(const std::vector<label>& given, const family& f, const point& p) {
  label_views out;
  add_given(out, given, [&](const std::string& name) {
    return std::ranges::find(f.labels, name) != f.labels.end();
  });
  for (std::size_t i = 0; i < f.labels.size(); ++i) {
    if (!p.values[i].empty()) out.emplace_back(f.labels[i], p.values[i]);
  }
  return out;
}

label_views all_labels(const std::vector<label>& given, const std::vector<label>& own) {
  label_views out;
  add_given(out, given, [&](const std::string& name) {
    return std::ranges::find(own, name, &label::name) != own.end();
  });
  for (const auto& l : own) {
    if (!l.value.empty()) out.emplace_back(l.name, l.value);
  }
  return out;
}

void append_path(std::string& out, const label_views& labels) {
  for (const auto& [name, value] : labels) {
    append_plain(out += '.', name, dots::replaced);
    append_plain(out += '.', value, dots::replaced);
  }
}

void check_prefix(std::string_view prefix, const char* what) {
  const auto allowed = [](char c) { return is_plain(c) || c == '.'; };
  if (std::ranges::all_of(prefix, allowed)) return;
  throw error(errc::invalid_argument,
              std::string(what) + ": must be letters, digits, dots, '_' and '-'");
}

void check_labels(const std::vector<label>& labels, const char* what) {
  for (const auto& l : labels) {
    if (l.name.empty() || l.value.empty())
      throw error(errc::invalid_argument, std::string(what) + ": has an empty name or value");
  }
}

}  // namespace kit::metrics::detail
