#include <middleware/auth/casbin/value.hpp>

#include <array>

#include <kit/codec/json.hpp>

namespace kit::casbin {

result<value> value::from_json(std::string_view text, const json::decode_options& options) {
  return json::decode<value>(text, options);
}

const value::list* value::items() const noexcept {
  const auto* shared = std::get_if<std::shared_ptr<const list>>(&data_);
  return shared ? shared->get() : nullptr;
}

const value::object* value::attributes() const noexcept {
  const auto* shared = std::get_if<std::shared_ptr<const object>>(&data_);
  return shared ? shared->get() : nullptr;
}

const value* value::find(std::string_view name) const noexcept {
  const auto* all = attributes();
  if (!all) return nullptr;
  const auto found = all->find(name);
  return found == all->end() ? nullptr : &found->second;
}

bool operator==(const value& a, const value& b) noexcept {
  if (a.data_.index() != b.data_.index()) return false;
  if (const auto* items = a.items()) return *items == *b.items();
  if (const auto* attributes = a.attributes()) return *attributes == *b.attributes();
  return a.data_ == b.data_;
}

std::string_view name(value::kind kind) noexcept {
  static constexpr std::array<std::string_view, 6> names{"null", "boolean", "number",
                                                         "text", "list",    "object"};
  const auto i = static_cast<std::size_t>(kind);
  return i < names.size() ? names[i] : "value";
}

}  // namespace kit::casbin

namespace kit::json {

namespace {

bool decode_list(reader& r, casbin::value& v) {
  casbin::value::list items;
  if (!r.read_array([&] { return r.read(items.emplace_back()); })) return false;
  v = std::move(items);
  return true;
}

bool decode_object(reader& r, casbin::value& v) {
  casbin::value::object attributes;
  if (!r.read_object([&](std::string_view name) { return r.read(attributes[std::string(name)]); }))
    return false;
  v = std::move(attributes);
  return true;
}

template <class T>
bool decode_as(reader& r, casbin::value& v) {
  T plain{};
  if (!r.read(plain)) return false;
  v = std::move(plain);
  return true;
}

}  // namespace

bool codec<casbin::value>::decode(reader& r, casbin::value& v) {
  switch (r.peek()) {
    case kind::boolean:
      return decode_as<bool>(r, v);
    case kind::number:
      return decode_as<double>(r, v);
    case kind::string:
      return decode_as<std::string>(r, v);
    case kind::array:
      return decode_list(r, v);
    case kind::object:
      return decode_object(r, v);
    default:
      v = {};
      return r.read_null();
  }
}

}  // namespace kit::json
