#include <kit/log/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <kit/log/detail/escape.hpp>

namespace kit::log {
namespace {

/// A member that was written, as places in the output. `"key":value`.
struct member {
  std::size_t start = 0;
  std::size_t key_end = 0;  // where its quotes close
  std::size_t end = 0;
  std::uint64_t first_bytes = 0;  // of the key, so that they compare as its texts do
};

std::uint64_t first_bytes(std::string_view key) {
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < 8; ++i)
    bytes = bytes << 8 | (i < key.size() ? static_cast<unsigned char>(key[i]) : 0U);
  return bytes;
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  detail::append_escaped(out, text);
  out += '"';
}

void append_value(std::string& out, const value& v) {
  const auto number = [&](bool finite) {
    if (!finite) out += '"';
    append(out, v);
    if (!finite) out += '"';
  };
  switch (v.type()) {
    case value::kind::text:
      return append_string(out, v.text());
    case value::kind::json:
      return detail::append_json(out, v.text());
    case value::kind::single_float:
      return number(std::isfinite(v.single_float()));
    case value::kind::double_float:
      return number(std::isfinite(v.double_float()));
    case value::kind::duration:
    case value::kind::time:
      return number(false);
    default:
      return append(out, v);
  }
}

member append_member(std::string& out, const event& e, const field& f) {
  member m{.start = out.size()};
  append_string(out, f.key.empty() ? empty_key : f.key);
  m.key_end = out.size() - 1;
  m.first_bytes = first_bytes(std::string_view(out).substr(m.start + 1, m.key_end - m.start - 1));
  out += ':';
  f.value.visit(e, [&out](const value& v) { append_value(out, v); });
  m.end = out.size();
  return m;
}

/// Appends the members behind what they were written to, sorted, the last one of equal keys.
void append_sorted(std::string& out, std::span<member> members) {
  const auto key = [&out](const member& m) {
    return std::string_view(out).substr(m.start + 1, m.key_end - m.start - 1);
  };
  std::ranges::sort(members, [&](const member& a, const member& b) {
    if (a.first_bytes != b.first_bytes) return a.first_bytes < b.first_bytes;
    const int order = key(a).compare(key(b));
    return order != 0 ? order < 0 : a.start < b.start;
  });
  char before = '{';
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i + 1 < members.size() && key(members[i]) == key(members[i + 1])) continue;
    out += before;
    before = ',';
    out.append(out, members[i].start, members[i].end - members[i].start);
  }
  out += before == '{' ? "{}\n" : "}\n";
}

}  // namespace

void json(std::string& out, const event& e) {
  constexpr std::size_t usual = 48;
  std::array<member, usual> few;
  std::vector<member> many(e.fields.size() > usual ? e.fields.size() : 0);
  const std::span members = many.empty() ? std::span(few).first(e.fields.size()) : std::span(many);

  // Written in the order of the event, then copied in the order of the keys.
  const auto start = out.size();
  for (std::size_t i = 0; i < members.size(); ++i)
    members[i] = append_member(out, e, e.fields[i]);
  const auto written = out.size() - start;
  append_sorted(out, members);
  out.erase(start, written);
}

}  // namespace kit::log
