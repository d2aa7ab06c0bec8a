#include <kit/http/query.hpp>

#include <algorithm>
#include <utility>

#include <kit/http/percent.hpp>

namespace kit::http {
namespace {

std::string decode_value(std::string_view raw, std::string_view name) {
  auto value = form_decode(raw);
  if (!value) {
    throw error(errc::invalid_argument,
                "query parameter '" + std::string(name) + "' is not percent-encoded correctly");
  }
  return *std::move(value);
}

}  // namespace

std::optional<raw_query_param> next_query_param(std::string_view& rest) noexcept {
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&'), rest.size());
    const auto part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (part.empty()) continue;
    const auto eq = part.find('=');
    if (eq == part.npos) return raw_query_param{part, part.substr(part.size())};
    return raw_query_param{part.substr(0, eq), part.substr(eq + 1)};
  }
  return std::nullopt;
}

bool is_query_name(std::string_view raw, std::string_view name) {
  if (raw == name) return name.find_first_of("%+") == name.npos;
  if (raw.find_first_of("%+") == raw.npos) return false;
  return form_decode(raw) == name;
}

result<std::vector<query_param>> parse_query(std::string_view query) {
  std::vector<query_param> params;
  for (auto rest = query; const auto raw = next_query_param(rest);) {
    auto name = form_decode(raw->name);
    auto value = form_decode(raw->value);
    if (!name || !value) {
      const auto bad = !name ? raw->name : raw->value;
      auto at = bad.find('%');
      while (is_percent_encoded(bad.substr(at, 3)))
        at = bad.find('%', at + 3);
      const auto offset = static_cast<std::size_t>(bad.data() - query.data()) + at;
      return fail(errc::invalid_argument,
                  "query: malformed percent-encoding at byte " + std::to_string(offset));
    }
    params.push_back({*std::move(name), *std::move(value)});
  }
  return params;
}

std::optional<std::string> find_query(std::string_view query, std::string_view name) {
  while (const auto raw = next_query_param(query)) {
    if (is_query_name(raw->name, name)) return decode_value(raw->value, name);
  }
  return std::nullopt;
}

std::vector<std::string> find_query_all(std::string_view query, std::string_view name) {
  std::vector<std::string> values;
  while (const auto raw = next_query_param(query)) {
    if (is_query_name(raw->name, name)) values.push_back(decode_value(raw->value, name));
  }
  return values;
}

query_builder& query_builder::add(std::string_view name, std::string_view value) {
  if (!text_.empty()) text_ += '&';
  append_percent_encoded(text_, name, encode_set::form);
  text_ += '=';
  append_percent_encoded(text_, value, encode_set::form);
  return *this;
}

}  // namespace kit::http
