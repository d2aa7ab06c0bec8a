#include <kit/codec/json_schema.hpp>

#include <algorithm>

namespace kit::json {
namespace {

// What a duration may be written like; `1.5s` is how it is encoded.
constexpr std::string_view duration_pattern =
    "^[-+]?(0|([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|ms|s|m|h))+$";

std::string quoted(std::string_view text) {
  return encode(text).value_or("\"\"");  // of invalid UTF-8 nothing is left
}

// The text of an object that grows.
class object_text {
 public:
  object_text& add(std::string_view name, std::string_view json) {
    text_ += text_.size() > 1 ? "," : "";
    text_.append(quoted(name)).append(":").append(json);
    return *this;
  }
  object_text& text(std::string_view name, std::string_view value) {
    return add(name, quoted(value));
  }
  object_text& number(std::string_view name, std::uint64_t value) {
    return add(name, std::to_string(value));
  }
  std::string end() { return std::move(text_ += '}'); }

 private:
  std::string text_ = "{";
};

template <class Range, class F>
std::string list(const Range& of, F text_of) {
  std::string text = "[";
  for (const auto& one : of)
    text.append(text.size() > 1 ? "," : "").append(text_of(one));
  return text += ']';
}

void add_type(object_text& o, std::string_view type, bool or_null) {
  if (or_null) {
    o.add("type", "[" + quoted(type) + ",\"null\"]");
  } else {
    o.text("type", type);
  }
}

// Numbers of 64 bits are told by their format: validators compare as floating point.
void add_integer(object_text& o, const schema_type& t) {
  const unsigned bits = t.size * 8U;
  o.text("format", (t.is_signed ? "int" : "uint") + std::to_string(bits));
  if (!t.is_signed) o.number("minimum", 0);
  if (bits >= 64) return;
  const auto half = std::int64_t{1} << (bits - 1);
  if (t.is_signed) o.add("minimum", std::to_string(-half));
  o.number("maximum", static_cast<std::uint64_t>(t.is_signed ? half - 1 : 2 * half - 1));
}

std::vector<std::string_view> names_of(unsigned kinds) {
  constexpr std::pair<kind, std::string_view> all[] = {
      {kind::null, "null"},     {kind::boolean, "boolean"}, {kind::number, "number"},
      {kind::string, "string"}, {kind::array, "array"},     {kind::object, "object"}};
  std::vector<std::string_view> names;
  for (const auto& [k, name] : all) {
    if (kinds & bit(k)) names.push_back(name);
  }
  return names;
}

bool is_defined(const schema_type& t) noexcept {
  return t.is == shape::object || t.is == shape::name;
}

// Of those without parts; false for others.
bool add_scalar(object_text& o, const schema_type& t, bool or_null) {
  switch (t.is) {
    case shape::null:
      o.text("type", "null");
      return true;
    case shape::boolean:
      add_type(o, "boolean", or_null);
      return true;
    case shape::integer:
      add_type(o, "integer", or_null);
      add_integer(o, t);
      return true;
    case shape::number:
      add_type(o, "number", or_null);
      o.text("format", t.size == sizeof(float) ? "float" : "double");
      return true;
    case shape::string:
      add_type(o, "string", or_null);
      return true;
    case shape::base64:
      add_type(o, "string", or_null);
      o.text("contentEncoding", "base64");
      if (t.length != schema_type::any_length) {
        const auto size = (t.length + 2) / 3 * 4;
        o.number("minLength", size).number("maxLength", size);
      }
      return true;
    case shape::date_time:
      add_type(o, "string", or_null);
      o.text("format", "date-time");
      return true;
    case shape::duration:
      add_type(o, "string", or_null);
      o.text("pattern", duration_pattern);
      return true;
    default:
      return false;
  }
}

// Keys are texts.
std::string key_schema(const schema_type& key, schema_set& set) {
  if (key.is == shape::integer)
    return key.is_signed ? R"({"pattern":"^-?[0-9]+$"})" : R"({"pattern":"^[0-9]+$"})";
  return key.is == shape::name ? set.of(key) : std::string();
}

void add_container(object_text& o, const schema_type& t, bool or_null, schema_set& set) {
  const auto part = [&set](const schema_type* p) { return set.of(*p); };
  if (t.is == shape::map) {
    add_type(o, "object", or_null);
    if (const auto key = key_schema(*t.parts[0], set); !key.empty()) o.add("propertyNames", key);
    o.add("additionalProperties", part(t.parts[1]));
    return;
  }
  add_type(o, "array", or_null);
  auto length = t.length;
  if (t.is == shape::tuple) {
    length = t.parts.size();
    if (length > 0) o.add("prefixItems", list(t.parts, part));
    o.add("items", "false");
  } else {
    o.add("items", part(t.parts[0]));
  }
  if (length != schema_type::any_length) o.number("minItems", length).number("maxItems", length);
  if (t.unique) o.add("uniqueItems", "true");
}

}  // namespace

const std::string& schema_set::name_of(const schema_type& type) {
  const auto [place, is_new] = defined_.try_emplace(&type);
  if (!is_new) return place->second.name;
  std::string name(type.name);
  std::replace_if(
      name.begin(), name.end(),
      [](char c) {
        const char lower = static_cast<char>(c | 0x20);
        return !((lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-');
      },
      '_');
  const auto taken = [&](const std::string& wanted) {
    return std::any_of(order_.begin(), order_.end(),
                       [&](const auto* t) { return defined_.at(t).name == wanted; });
  };
  auto& chosen = place->second.name;
  chosen = name;
  for (int n = 2; taken(chosen); ++n)
    chosen = name + "_" + std::to_string(n);
  order_.push_back(&type);
  std::string text;
  if (type.is == shape::object) {
    text = object(type, {});
  } else {
    object_text o;
    o.text("type", "string").add("enum", list(type.names, quoted));
    if (!type.comment.empty()) o.text("description", type.comment);
    text = o.end();
  }
  place->second.text = std::move(text);  // the place has stayed, whatever was added
  return chosen;
}

std::string schema_set::of(const schema_type& type, std::string_view comment) {
  const bool or_null = type.is == shape::nullable;
  const auto* t = &type;
  while (t->is == shape::nullable)
    t = t->parts[0];
  object_text o;
  const auto reference = [this](const schema_type& s) {
    return object_text().text("$ref", prefix_ + name_of(s)).end();
  };
  if (t->is == shape::written) {
    if (!or_null && comment.empty()) return std::string(t->text);
    o.add(or_null ? "anyOf" : "allOf",
          "[" + std::string(t->text) + (or_null ? R"(,{"type":"null"}])" : "]"));
  } else if (is_defined(*t)) {
    if (or_null) {
      o.add("anyOf", "[" + reference(*t) + R"(,{"type":"null"}])");
    } else {
      o.text("$ref", prefix_ + name_of(*t));
    }
  } else if (t->is == shape::one_of) {
    auto all = list(t->parts, [this](const schema_type* p) { return of(*p); });
    if (or_null) all.insert(all.size() - 1, R"(,{"type":"null"})");
    o.add("anyOf", all);
  } else if (t->is == shape::any) {
    if (t->kinds != any_kind)
      o.add("type", list(names_of(t->kinds | (or_null ? bit(kind::null) : 0)), quoted));
  } else if (!add_scalar(o, *t, or_null)) {
    add_container(o, *t, or_null, *this);
  }
  if (!comment.empty()) o.text("description", comment);
  return o.end();
}

std::string schema_set::object(const schema_type& type, std::span<const std::string_view> without) {
  object_text properties;
  std::vector<std::string_view> required;
  for (const auto& f : type.fields) {
    if (std::find(without.begin(), without.end(), f.name) != without.end()) continue;
    properties.add(f.name, of(*f.type, f.comment));
    if (f.required) required.push_back(f.name);
  }
  object_text o;
  o.text("type", "object").add("properties", properties.end());
  if (!required.empty()) o.add("required", list(required, quoted));
  if (!type.comment.empty()) o.text("description", type.comment);
  return o.end();
}

std::string schema_set::definitions() const {
  object_text all;
  for (const auto* t : order_) {
    const auto& d = defined_.at(t);
    all.add(d.name, d.text);
  }
  return all.end();
}

std::string schema(const schema_type& type) {
  schema_set set;
  auto text = set.of(type);
  std::string head = R"({"$schema":"https://json-schema.org/draft/2020-12/schema")";
  if (!set.empty()) head += ",\"$defs\":" + set.definitions();
  return head + (text == "{}" ? "}" : "," + text.substr(1));
}

}  // namespace kit::json
