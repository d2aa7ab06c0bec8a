#include <kit/codec/protobuf_schema.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

namespace kit::protobuf {
namespace {

bool is_lower(char c) noexcept {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) noexcept {
  return c >= 'A' && c <= 'Z';
}
bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

// Letters, digits and underscores, not a digit in front.
std::string identifier(std::string_view name) {
  std::string out(name);
  std::replace_if(
      out.begin(), out.end(),
      [](char c) { return !is_lower(c) && !is_upper(c) && !is_digit(c) && c != '_'; }, '_');
  if (out.empty() || is_digit(out.front())) out.insert(out.begin(), '_');
  return out;
}

// `spanKind` and `span_kind` are `SPAN_KIND`.
std::string upper_snake(std::string_view name) {
  std::string out;
  char before = '_';
  for (char c : identifier(name)) {
    if (is_upper(c) && (is_lower(before) || is_digit(before))) out += '_';
    out += is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c;
    before = c;
  }
  return out;
}

void add_comment(std::string& out, std::string_view comment, std::string_view indent) {
  while (!comment.empty()) {
    const auto end = comment.find('\n');
    const auto line = comment.substr(0, end);
    out.append(indent).append(line.empty() ? "//" : "// ").append(line) += '\n';
    comment.remove_prefix(end == comment.npos ? comment.size() : end + 1);
  }
}

class file {
 public:
  // A type, and what it consists of.
  void add(const schema_type& type) {
    if (type.is == schema_type::kind::scalar || names_.contains(&type)) return;
    if (!type.import.empty()) {
      imports_.insert(type.import);
      names_[&type] = type.name;
      return;
    }
    names_[&type] = new_name(type.name);
    order_.push_back(&type);
    for (const auto& f : type.fields)
      add(*f.type);
  }

  std::string text(const schema_options& options) const {
    std::string out = "syntax = \"proto3\";\n";
    if (!options.package.empty()) out += "\npackage " + options.package + ";\n";
    if (!imports_.empty()) out += '\n';
    for (const auto& name : imports_)
      out.append("import \"").append(name).append("\";\n");
    for (const auto* type : order_) {
      out += '\n';
      add_comment(out, type->comment, "");
      if (type->is == schema_type::kind::message) {
        add_message(out, *type);
      } else {
        add_enum(out, *type);
      }
    }
    return out;
  }

 private:
  std::string new_name(std::string_view name) {
    const std::string wanted = identifier(name);
    std::string chosen = wanted;
    for (int n = 2; !taken_.insert(chosen).second; ++n)
      chosen = wanted + "_" + std::to_string(n);
    return chosen;
  }

  std::string_view name_of(const schema_type& type) const {
    return type.is == schema_type::kind::scalar ? type.name : names_.at(&type);
  }

  void add_field(std::string& out, const schema_field& f, std::string_view indent) const {
    add_comment(out, f.comment, indent);
    out += indent;
    if (f.label == schema_label::repeated) out += "repeated ";
    if (f.label == schema_label::optional) out += "optional ";
    if (f.label == schema_label::map) out.append("map<").append(name_of(*f.key)).append(", ");
    out += name_of(*f.type);
    if (f.label == schema_label::map) out += '>';
    out.append(" ").append(identifier(f.name)).append(" = ");
    out.append(std::to_string(f.number)).append(";\n");
  }

  void add_oneof(std::string& out, const schema_type& type, const schema_field& first) const {
    std::string name = identifier(first.oneof_name);
    const auto same = [&](const schema_field& f) { return identifier(f.name) == name; };
    while (std::ranges::any_of(type.fields, same))
      name += '_';
    add_comment(out, first.oneof_comment, "  ");
    out += "  oneof " + name + " {\n";
    for (const auto& f : type.fields) {
      if (f.oneof == first.oneof) add_field(out, f, "    ");
    }
    out += "  }\n";
  }

  void add_message(std::string& out, const schema_type& type) const {
    out.append("message ").append(name_of(type)).append(" {\n");
    std::set<std::size_t> written;
    for (const auto& f : type.fields) {
      if (f.oneof == schema_field::no_oneof) {
        add_field(out, f, "  ");
      } else if (written.insert(f.oneof).second) {
        add_oneof(out, type, f);
      }
    }
    out += "}\n";
  }

  // Names of enumerators belong to the package, hence the enum's name in front of them.
  void add_enum(std::string& out, const schema_type& type) const {
    const std::string prefix = upper_snake(name_of(type)) + '_';
    std::string first, others;
    for (const auto& v : type.values) {
      std::string name = upper_snake(v.name);
      if (!name.starts_with(prefix)) name = prefix + name;
      (v.number == 0 ? first : others) += "  " + name + " = " + std::to_string(v.number) + ";\n";
    }
    if (first.empty()) first = "  " + prefix + "UNSPECIFIED = 0;\n";
    out.append("enum ").append(name_of(type)).append(" {\n").append(first).append(others) += "}\n";
  }

  std::map<const schema_type*, std::string> names_;
  std::set<std::string> taken_;
  std::set<std::string_view> imports_;
  std::vector<const schema_type*> order_;
};

}  // namespace

std::string schema(std::span<const schema_type* const> types, const schema_options& options) {
  file f;
  for (const auto* type : types)
    f.add(*type);
  return f.text(options);
}

}  // namespace kit::protobuf
