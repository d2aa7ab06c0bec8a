#include <kit/codec/json_schema.hpp>

#include <algorithm>
#include <cmath>
#include <optional>

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

void add_number(object_text& o, std::string_view name,
                const std::optional<constraint_facts::number>& n) {
  if (n && std::isfinite(n->value)) o.add(name, n->text);
}

void add_limits(object_text& o, const constraint_facts& f) {
  add_number(o, "minimum", f.minimum);
  add_number(o, "maximum", f.maximum);
  add_number(o, "exclusiveMinimum", f.above);
  add_number(o, "exclusiveMaximum", f.below);
}

constraint_facts::number whole(std::int64_t n) {
  return {static_cast<long double>(n), std::to_string(n)};
}

// Numbers of 64 bits are told by their format: validators compare as floating point.
void add_integer(object_text& o, const schema_type& t, constraint_facts f) {
  const unsigned bits = t.size * 8U;
  o.text("format", (t.is_signed ? "int" : "uint") + std::to_string(bits));
  const auto half = bits < 64 ? std::int64_t{1} << (bits - 1) : 0;
  if (!t.is_signed || half > 0) {
    const auto least = whole(t.is_signed ? -half : 0);
    if (!f.above || f.above->value < least.value) f.add_minimum(least);
  }
  if (half > 0) {
    const auto most = whole(t.is_signed ? half - 1 : 2 * half - 1);
    if (!f.below || f.below->value > most.value) f.add_maximum(most);
  }
  add_limits(o, f);
}

void add_sizes(object_text& o, const constraint_facts& f, const char* least, const char* most) {
  if (f.min_size) o.number(least, *f.min_size);
  if (f.max_size) o.number(most, *f.max_size);
}

void add_constants(object_text& o, const constraint_facts& f, bool or_null) {
  if (!f.values) return;
  auto all = list(*f.values, [](const auto& c) { return c.is_text ? quoted(c.text) : c.text; });
  if (or_null) all.insert(all.size() - 1, f.values->empty() ? "null" : ",null");
  o.add("enum", all);
}

// The first of several is the keyword's, which can be there once.
template <class Range, class F>
void add_each(object_text& o, const Range& all, std::string_view name, F json_of) {
  if (all.empty()) return;
  o.add(name, json_of(all.front()));
  if (all.size() == 1) return;
  const std::span others(all.data() + 1, all.size() - 1);
  o.add("allOf",
        list(others, [&](const auto& one) { return object_text().add(name, json_of(one)).end(); }));
}

void add_multiples(object_text& o, const constraint_facts& f) {
  add_each(o, f.multiples_of, "multipleOf", [](const auto& n) { return n.text; });
}

void add_text(object_text& o, const constraint_facts& f) {
  if (f.secret) o.text("format", "password");
  add_sizes(o, f, "minLength", "maxLength");
  add_each(o, f.patterns, "pattern",
           [](const std::string& p) { return quoted("^(?:" + p + ")$"); });
}

// Three bytes are four characters.
constexpr std::size_t base64_size(std::size_t bytes) noexcept {
  return bytes / 3 * 4 + (bytes % 3 == 0 ? 0 : 4);
}
void add_base64(object_text& o, const schema_type& t, constraint_facts f) {
  o.text("contentEncoding", "base64");
  if (t.length != schema_type::any_length) f.min_size = f.max_size = t.length;
  if (f.min_size) f.min_size = base64_size(*f.min_size);
  if (f.max_size) f.max_size = base64_size(*f.max_size);
  add_sizes(o, f, "minLength", "maxLength");
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

void add_numeric(object_text& o, const schema_type& t, bool or_null, const constraint_facts& f) {
  if (t.is == shape::integer) {
    add_type(o, "integer", or_null);
    add_integer(o, t, f);
  } else {
    add_type(o, "number", or_null);
    o.text("format", t.size == sizeof(float) ? "float" : "double");
    add_limits(o, f);
  }
  add_multiples(o, f);
  add_constants(o, f, or_null);
}

// Of those without parts; false for others.
bool add_scalar(object_text& o, const schema_type& t, bool or_null, const constraint_facts& f) {
  switch (t.is) {
    case shape::null:
      o.text("type", "null");
      return true;
    case shape::boolean:
      add_type(o, "boolean", or_null);
      return true;
    case shape::integer:
    case shape::number:
      add_numeric(o, t, or_null, f);
      return true;
    case shape::string:
      add_type(o, "string", or_null);
      add_text(o, f);
      add_constants(o, f, or_null);
      return true;
    case shape::base64:
      add_type(o, "string", or_null);
      add_base64(o, t, f);
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

const constraint_facts& only(const std::vector<constraint_facts>& all) {
  static const constraint_facts none;
  return all.empty() ? none : all.front();
}

// Keys are texts.
std::string key_schema(const schema_type& key, schema_set& set, const constraint_facts& f) {
  if (key.is == shape::integer)
    return key.is_signed ? R"({"pattern":"^-?[0-9]+$"})" : R"({"pattern":"^[0-9]+$"})";
  if (key.is == shape::name) return set.of(key, {}, f);
  object_text o;
  if (key.is == shape::string) {
    add_text(o, f);
    add_constants(o, f, false);
  }
  auto text = o.end();
  return text == "{}" ? std::string() : text;
}

void add_container(object_text& o, const schema_type& t, bool or_null, schema_set& set,
                   const constraint_facts& f) {
  if (t.is == shape::map) {
    add_type(o, "object", or_null);
    if (const auto key = key_schema(*t.parts[0], set, only(f.keys)); !key.empty())
      o.add("propertyNames", key);
    o.add("additionalProperties", set.of(*t.parts[1], {}, only(f.each)));
    add_sizes(o, f, "minProperties", "maxProperties");
    return;
  }
  add_type(o, "array", or_null);
  auto sizes = f;
  if (t.is == shape::tuple) {
    sizes.min_size = sizes.max_size = t.parts.size();
    if (!t.parts.empty())
      o.add("prefixItems", list(t.parts, [&](const auto* p) { return set.of(*p); }));
    o.add("items", "false");
  } else {
    if (t.length != schema_type::any_length) sizes.min_size = sizes.max_size = t.length;
    o.add("items", set.of(*t.parts[0], {}, only(f.each)));
  }
  add_sizes(o, sizes, "minItems", "maxItems");
  if (t.unique || f.unique_items) o.add("uniqueItems", "true");
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

constraint_facts schema_field::facts() const {
  constraint_facts f;
  if (describe) describe(f);
  f.required = f.required || f.present || required;
  return f;
}

std::string schema_set::of(const schema_type& type, std::string_view comment,
                           const constraint_facts& facts) {
  const bool or_null = type.is == shape::nullable && !facts.present;
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
    if (t->is == shape::name) add_constants(o, facts, or_null);
  } else if (t->is == shape::one_of) {
    auto all = list(t->parts, [this](const schema_type* p) { return of(*p); });
    if (or_null) all.insert(all.size() - 1, R"(,{"type":"null"})");
    o.add("anyOf", all);
  } else if (t->is == shape::any) {
    if (t->kinds != any_kind)
      o.add("type", list(names_of(t->kinds | (or_null ? bit(kind::null) : 0)), quoted));
  } else if (!add_scalar(o, *t, or_null, facts)) {
    add_container(o, *t, or_null, *this, facts);
  }
  if (!comment.empty()) o.text("description", comment);
  return o.end();
}

std::string schema_set::object(const schema_type& type, std::span<const std::string_view> without) {
  object_text properties;
  std::vector<std::string_view> required;
  for (const auto& f : type.fields) {
    if (std::find(without.begin(), without.end(), f.name) != without.end()) continue;
    const auto facts = f.facts();
    properties.add(f.name, of(*f.type, f.comment, facts));
    if (facts.required) required.push_back(f.name);
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
