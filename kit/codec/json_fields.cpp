#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>

#include <kit/codec/detail/json_scan.hpp>
#include <kit/codec/json_reader.hpp>

namespace kit::json {

namespace {

bool has_padding(const std::string& text) noexcept {
#if defined(_LIBCPP_VERSION) && defined(__has_feature)
#if __has_feature(address_sanitizer)
  return false;  // there the spare capacity is poisoned
#endif
#endif
  return text.capacity() - text.size() >= detail::padding;
}

}  // namespace

input::input(const std::string& text) noexcept : text_(text), padded_(has_padding(text)) {}

namespace detail {
namespace {

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::size_t find_field(const decode_object& type, std::string_view name,
                       bool ignore_case) noexcept {
  for (std::size_t i = 0; i < type.count; ++i) {
    if (type.fields[i].name == name) return i;
  }
  for (std::size_t i = 0; ignore_case && i < type.count; ++i) {
    if (equal_ignoring_case(type.fields[i].name, name)) return i;
  }
  return no_field;
}

std::uint64_t without_given(const decode_object& type, std::uint64_t missing,
                            std::span<const std::string_view> given) noexcept {
  for (std::size_t i = 0; i < type.count; ++i) {
    if (std::find(given.begin(), given.end(), type.fields[i].name) != given.end()) {
      missing &= ~(std::uint64_t{1} << i);
    }
  }
  return missing;
}

namespace {

/// The kinds' names, as in `boolean or number`.
std::string names_of(unsigned kinds) {
  std::string out;
  for (std::size_t i = 0; i < kind_names.size() - 1; ++i) {
    if (!(kinds & (1U << i))) continue;
    if (!out.empty()) out += " or ";
    out += kind_names[i];
  }
  return out;
}

bool try_all(reader& r, const alternative* list, std::size_t n, void* object) {
  const unsigned wanted = bit(r.peek());
  // A scalar can be read again where it stands, others have to be parsed again.
  const bool scalar = r.peek() != kind::array && r.peek() != kind::object;
  std::string_view raw;
  if (!scalar && !r.read_raw(raw)) return false;
  decode_options strict = r.options();
  strict.refuse_unknown = true;
  problem best;
  for (const decode_options* options : {&std::as_const(strict), &r.options()}) {
    best = {};
    for (std::size_t i = 0; i < n; ++i) {
      if (!(list[i].kinds & wanted)) continue;
      if (scalar ? list[i].decode(r, object)
                 : reader_access::read_again(r, raw, *options, list[i].decode, object)) {
        return true;
      }
      problem failure;
      if (!reader_access::take_failure(r, failure)) return false;
      if (best.what.empty() || failure.offset > best.offset) best = std::move(failure);
    }
    if (scalar || r.options().refuse_unknown) break;
  }
  reader_access::set_failure(r, std::move(best));
  return false;
}

}  // namespace

bool read_first_of(reader& r, const alternative* list, std::size_t n, void* object) {
  const unsigned wanted = bit(r.peek());
  const alternative* only = nullptr;
  unsigned all = 0;
  for (std::size_t i = 0; i < n; ++i) {
    all |= list[i].kinds;
    if (!(list[i].kinds & wanted)) continue;
    if (only) return try_all(r, list, n, object);
    only = list + i;
  }
  return only ? only->decode(r, object) : r.fail_expected(names_of(all));
}

}  // namespace detail
}  // namespace kit::json
