#include <middleware/auth/casbin/policy.hpp>

#include <algorithm>
#include <utility>

#include <middleware/auth/casbin/detail/file.hpp>
#include <middleware/auth/casbin/detail/words.hpp>

namespace kit::casbin {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

bool needs_quotes(std::string_view field) noexcept {
  return field.empty() || field.find_first_of(",\"\r\n") != field.npos || field.front() == '#' ||
         field.starts_with(byte_order_mark) || detail::is_space(field.front()) ||
         detail::is_space(field.back());
}

void append_field(std::string& out, std::string_view field) {
  if (!needs_quotes(field)) {
    out += field;
    return;
  }
  out += '"';
  for (const char c : field)
    out.append(c == '"' ? 2 : 1, c);
  out += '"';
}

// The fields of one line.
class line_reader {
 public:
  line_reader(std::string_view line, const policy_limits& limits) : line_(line), limits_(limits) {}

  result<std::vector<std::string>> read() {
    std::vector<std::string> fields;
    for (;;) {
      if (fields.size() > limits_.max_fields) return refuse_size("too many fields");
      auto field = next();
      if (!field) return fail(std::move(field).error());
      if (field->size() > limits_.max_field_bytes) return refuse_size("a field is too long");
      fields.push_back(*std::move(field));
      if (at_ == line_.size()) return fields;
      ++at_;  // the comma
    }
  }

 private:
  result<std::string> next() {
    skip_spaces();
    if (at_ < line_.size() && line_[at_] == '"') return quoted();
    const auto end = std::min(line_.find(',', at_), line_.size());
    const auto text = line_.substr(at_, end - at_);
    if (const auto quote = text.find('"'); quote != text.npos) {
      at_ += quote;
      return refuse("a quote inside of a field that isn't quoted");
    }
    at_ = end;
    return std::string(detail::trim(text));
  }

  result<std::string> quoted() {
    std::string out;
    for (++at_; at_ < line_.size(); ++at_) {
      if (line_[at_] != '"') {
        out += line_[at_];
      } else if (line_.substr(at_ + 1).starts_with('"')) {
        out += '"';
        ++at_;
      } else {
        ++at_;
        skip_spaces();
        if (at_ == line_.size() || line_[at_] == ',') return out;
        return refuse("expected a comma behind the closing quote");
      }
    }
    return refuse("the closing quote is missing");
  }

  void skip_spaces() noexcept {
    while (at_ < line_.size() && detail::is_space(line_[at_]))
      ++at_;
  }

  expected_ns::unexpected<error> refuse(const std::string& why) const {
    return fail(errc::invalid_argument, "byte " + std::to_string(at_ + 1) + ": " + why);
  }
  static expected_ns::unexpected<error> refuse_size(const std::string& why) {
    return fail(errc::resource_exhausted, why);
  }

  std::string_view line_;
  const policy_limits& limits_;
  std::size_t at_ = 0;
};

expected_ns::unexpected<error> refuse_line(std::size_t number, errc code, std::string_view why) {
  return fail(code, "casbin policy: line " + std::to_string(number) + ": " + std::string(why));
}

}  // namespace

std::string to_csv(const rule& r) {
  std::string out;
  append_field(out, r.type);
  for (const auto& field : r.fields)
    append_field(out += ", ", field);
  return out;
}

policy& policy::add(std::string type, std::vector<std::string> fields) {
  rules_.push_back({std::move(type), std::move(fields)});
  return *this;
}

std::size_t policy::remove(std::string_view type, const std::vector<std::string>& fields) {
  return std::erase_if(rules_, [&](const rule& r) { return r.type == type && r.fields == fields; });
}

result<policy> policy::parse(std::string_view text, const policy_limits& limits) {
  if (text.size() > limits.max_bytes) {
    return fail(errc::resource_exhausted,
                "casbin policy: longer than " + std::to_string(limits.max_bytes) + " bytes");
  }
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  policy out;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto line = detail::take_line(text);
    if (const auto start = detail::trim(line); start.empty() || start.starts_with('#')) continue;
    auto fields = line_reader(line, limits).read();
    if (!fields) return refuse_line(number, fields.error().code(), fields.error().message());
    if (fields->front().empty()) {
      return refuse_line(number, errc::invalid_argument,
                         "the first field must be p, g or the like");
    }
    if (out.rules_.size() == limits.max_rules) {
      return refuse_line(number, errc::resource_exhausted, "too many rules");
    }
    rule r{.type = std::move(fields->front()), .line = number};
    fields->erase(fields->begin());
    r.fields = *std::move(fields);
    out.rules_.push_back(std::move(r));
  }
  return out;
}

result<policy> policy::load(const std::string& path, const policy_limits& limits) {
  auto text = detail::read_file(path, limits.max_bytes, "casbin policy");
  if (!text) return fail(std::move(text).error());
  return parse(*text, limits);
}

}  // namespace kit::casbin
