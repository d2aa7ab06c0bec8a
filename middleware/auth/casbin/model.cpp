#include <middleware/auth/casbin/model.hpp>

#include <algorithm>
#include <utility>

#include <middleware/auth/casbin/detail/effect.hpp>
#include <middleware/auth/casbin/detail/file.hpp>
#include <middleware/auth/casbin/detail/words.hpp>

namespace kit::casbin {
namespace {

using detail::quoted;
using detail::trim;

struct section {
  std::string_view name;
  char letter;
  bool required;
};
constexpr section sections[] = {
    {"request_definition", 'r', true}, {"policy_definition", 'p', true},
    {"role_definition", 'g', false},   {"policy_effect", 'e', true},
    {"matchers", 'm', true},
};

const section* section_of(char letter) noexcept {
  const auto* found = std::find_if(std::begin(sections), std::end(sections),
                                   [letter](const section& s) { return s.letter == letter; });
  return found == std::end(sections) ? nullptr : found;
}

// `r`, or `r2` and so on.
bool is_key(std::string_view key) noexcept {
  if (key.empty() || !section_of(key.front())) return false;
  const auto number = key.substr(1);
  if (number.empty()) return true;
  return number.size() <= 4 && number != "1" && number.front() != '0' &&
         std::all_of(number.begin(), number.end(), detail::is_digit);
}

std::string place(std::string_view key, std::size_t line) {
  std::string out = "casbin model: ";
  if (!key.empty() && section_of(key.front())) out += std::string(section_of(key.front())->name);
  out += ", " + quoted(key);
  if (line > 0) out += " at line " + std::to_string(line);
  return out + ": ";
}

// What is wrong with the fields of a request or a rule; empty: nothing.
std::string check_fields(std::string_view text) {
  const auto fields = detail::split_list(text);
  for (auto i = fields.begin(); i != fields.end(); ++i) {
    if (!detail::is_name(*i)) return quoted(*i) + " is no name of a field";
    if (std::find(fields.begin(), i, *i) != i) return quoted(*i) + " stands there twice";
  }
  return {};
}

std::string check_role(std::string_view text) {
  const auto places = detail::split_list(text);
  const bool right = (places.size() == 2 || places.size() == 3) &&
                     std::all_of(places.begin(), places.end(), [](auto p) { return p == "_"; });
  return right ? "" : "expected '_, _' or '_, _, _', got " + quoted(text);
}

std::string check_definition(char letter, std::string_view text) {
  switch (letter) {
    case 'r':
    case 'p':
      return check_fields(text);
    case 'g':
      return check_role(text);
    case 'e':
      return detail::parse_effect(text) ? "" : quoted(text) + " is no effect that is known";
    default:
      return text.empty() ? "the matcher is empty" : "";
  }
}

// The line without its comment. `quote` is that of the text which the line begins in, or 0, and
// becomes that of the one it ends in.
std::string_view without_comment(std::string_view line, char& quote) noexcept {
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      if (c == '\\') {
        ++i;
      } else if (c == quote) {
        quote = 0;
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#' || c == ';') {
      return line.substr(0, i);
    }
  }
  return line;
}

struct logical_line {
  std::string text;
  std::size_t number = 0;  // of its first line
};

// The next line that has something, with those that it goes on in; without text at the end.
logical_line next_line(std::string_view& rest, std::size_t& number) {
  logical_line out;
  char quote = 0;
  while (!rest.empty()) {
    auto line = trim(detail::take_line(rest));
    ++number;
    if (line.starts_with('#') || line.starts_with(';')) line = {};
    const bool goes_on = line.ends_with('\\');
    if (goes_on) line = trim(line.substr(0, line.size() - 1));
    line = trim(without_comment(line, quote));
    if (out.number == 0) out.number = number;
    out.text.append(out.text.empty() || line.empty() ? "" : " ").append(line);
    if (goes_on) continue;
    if (!out.text.empty()) return out;
    out.number = 0;
    quote = 0;
  }
  return out;
}

}  // namespace

result<void> model::try_add(std::string_view key, std::string_view text, std::size_t line) {
  text = trim(text);
  if (!is_key(key)) {
    return fail(errc::invalid_argument, place(key, line) + "the key must be r, p, g, e or m, and " +
                                            "may have a number from 2 on behind it");
  }
  if (find(key)) return fail(errc::already_exists, place(key, line) + "is defined twice");
  if (const auto wrong = check_definition(key.front(), text); !wrong.empty()) {
    return fail(errc::invalid_argument, place(key, line) + wrong);
  }
  definitions_.push_back({std::string(key), std::string(text), line});
  return {};
}

model& model::add(std::string_view key, std::string_view text) {
  if (auto added = try_add(key, text, 0); !added) throw std::move(added).error();
  return *this;
}

const model::definition* model::find(std::string_view key) const noexcept {
  const auto found = std::find_if(definitions_.begin(), definitions_.end(),
                                  [key](const definition& d) { return d.key == key; });
  return found == definitions_.end() ? nullptr : &*found;
}

result<void> model::check() const {
  for (const auto& s : sections) {
    if (s.required && !find(std::string_view(&s.letter, 1))) {
      return fail(errc::invalid_argument, "casbin model: section [" + std::string(s.name) +
                                              "] with '" + s.letter + "' is missing");
    }
  }
  return {};
}

result<model> model::parse(std::string_view text, const model_limits& limits) {
  const auto refuse = [](std::size_t line, const std::string& why) {
    return fail(errc::invalid_argument, "casbin model: line " + std::to_string(line) + ": " + why);
  };
  if (text.size() > limits.max_bytes) {
    return fail(errc::resource_exhausted,
                "casbin model: longer than " + std::to_string(limits.max_bytes) + " bytes");
  }
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark
  model out;
  const section* current = nullptr;
  std::size_t number = 0;
  for (auto line = next_line(text, number); !line.text.empty(); line = next_line(text, number)) {
    const std::string_view all = line.text;
    if (all.starts_with('[') && all.ends_with(']')) {
      const auto name = trim(all.substr(1, all.size() - 2));
      current = std::find_if(std::begin(sections), std::end(sections),
                             [name](const section& s) { return s.name == name; });
      if (current != std::end(sections)) continue;
      return refuse(line.number, quoted(name) + " is no section that is known");
    }
    const auto equals = all.find('=');
    const auto key = trim(all.substr(0, equals));
    if (equals == all.npos) return refuse(line.number, "expected 'key = ...', got " + quoted(all));
    if (!current) return refuse(line.number, quoted(key) + " stands before the first section");
    if (!key.starts_with(current->letter)) {
      return refuse(line.number,
                    quoted(key) + " doesn't belong into [" + std::string(current->name) + "]");
    }
    if (out.definitions_.size() == limits.max_definitions) {
      return fail(errc::resource_exhausted, "casbin model: too many definitions");
    }
    auto added = out.try_add(key, all.substr(equals + 1), line.number);
    if (!added) return fail(std::move(added).error());
  }
  if (auto complete = out.check(); !complete) return fail(std::move(complete).error());
  return out;
}

result<model> model::load(const std::string& path, const model_limits& limits) {
  auto text = detail::read_file(path, limits.max_bytes, "casbin model");
  if (!text) return fail(std::move(text).error());
  return parse(*text, limits);
}

}  // namespace kit::casbin
