#include <kit/codec/query.hpp>

#include <kit/codec/detail/json_scan.hpp>
#include <kit/http/percent.hpp>

namespace kit::query {
namespace {

expected_ns::unexpected<error> refuse(std::string_view place, std::string_view name,
                                      std::string_view why) {
  std::string text(place);
  text += " parameter ";
  text += json::detail::quoted(name);
  text += ": ";
  text += why;
  return fail(errc::invalid_argument, std::move(text));
}

}  // namespace

std::size_t decoder::find(std::string_view name) const noexcept {
  for (std::size_t i = 0; i < type_.count; ++i) {
    if (type_.fields[i].decode && type_.fields[i].name == name) return i;
  }
  return none;
}

result<void> decoder::take(std::string_view place, std::size_t index, std::string_view text,
                           std::uint64_t& here) {
  const auto& field = type_.fields[index];
  const auto bit = std::uint64_t{1} << index;
  const bool first = (here & bit) == 0;
  if (!first && !field.repeats) return refuse(place, field.name, "given more than once");
  std::string expected;
  if (!field.decode(members_[field.member], text, first, expected)) {
    return refuse(place, field.name,
                  "expected " + expected + ", got " + json::detail::quoted(text));
  }
  here |= bit;
  return {};
}

result<void> decoder::path(const http::path_params& params) {
  std::uint64_t here = 0;
  result<void> done;
  params.for_each([&](std::string_view name, std::string_view value) {
    const auto field = find(name);
    if (!done || field == none || (seen_ >> field & 1) != 0) return;
    done = take("path", field, value, here);
  });
  seen_ |= here;
  return done;
}

result<void> decoder::query(std::string_view query_string) {
  std::uint64_t here = 0;
  std::string name, value;
  while (const auto raw = http::next_query_param(query_string)) {
    name.clear();
    value.clear();
    if (!http::append_form_decoded(name, raw->name)) continue;
    const auto field = find(name);
    if (field == none || (seen_ >> field & 1) != 0) continue;
    if (!http::append_form_decoded(value, raw->value)) {
      return refuse("query", name, "malformed percent-encoding");
    }
    if (auto done = take("query", field, value, here); !done) return done;
  }
  seen_ |= here;
  return {};
}

result<void> decoder::finish() const {
  for (std::size_t i = 0; i < type_.count; ++i) {
    if (type_.fields[i].required && (seen_ >> i & 1) == 0) {
      return refuse("query", type_.fields[i].name, "missing");
    }
  }
  return {};
}

namespace detail {

result<std::string> encode(const object_type& type, const void* object) {
  void* members[64];
  type.members(const_cast<void*>(object), members);  // only their addresses are wanted
  http::query_builder out;
  for (std::size_t i = 0; i < type.count; ++i) {
    const auto& field = type.fields[i];
    if (!field.encode) continue;
    std::string problem;
    if (!field.encode(members[field.member], field.name, field.omit_empty, out, problem)) {
      return refuse("query", field.name, problem);
    }
  }
  return std::move(out).str();
}

}  // namespace detail
}  // namespace kit::query
