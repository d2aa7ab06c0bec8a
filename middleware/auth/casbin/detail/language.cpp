#include <middleware/auth/casbin/detail/language.hpp>

#include <algorithm>
#include <iterator>

#include <kit/error.hpp>
#include <middleware/auth/casbin/detail/words.hpp>

namespace kit::casbin::detail {
namespace {

constexpr built_in built_ins[] = {
    {"keyMatch", pattern_style::key, 2, false},   {"keyMatch2", pattern_style::key2, 2, false},
    {"keyMatch3", pattern_style::key3, 2, false}, {"keyMatch4", pattern_style::key4, 2, false},
    {"keyMatch5", pattern_style::key5, 2, false}, {"regexMatch", pattern_style::regex, 2, false},
    {"ipMatch", pattern_style::ip, 2, false},     {"globMatch", pattern_style::glob, 2, false},
    {"keyGet", pattern_style::key, 2, true},      {"keyGet2", pattern_style::key2, 3, true},
    {"keyGet3", pattern_style::key3, 3, true},
};

field_list fields_of(const model::definition& d) {
  field_list out{d.key, {}};
  for (const auto field : split_list(d.text))
    out.fields.emplace_back(field);
  return out;
}

}  // namespace

std::size_t field_list::find(std::string_view field) const noexcept {
  const auto found = std::find(fields.begin(), fields.end(), field);
  return found == fields.end() ? npos : static_cast<std::size_t>(found - fields.begin());
}

language language::of(const model& m, const functions& user) {
  language out;
  for (const auto& d : m.definitions()) {
    if (d.key.front() == 'r') out.requests.push_back(fields_of(d));
    if (d.key.front() == 'p') out.rules.push_back(fields_of(d));
    if (d.key.front() == 'g') out.roles.push_back({d.key, split_list(d.text).size()});
  }
  for (const auto& [name, call] : user) {
    const auto refuse = [&called = name](std::string_view why) {
      throw error(errc::invalid_argument, "casbin: function " + quoted(called) + std::string(why));
    };
    if (!is_name(name)) refuse(" can't be called by that name");
    if (name == "eval" || name == "in" || name == "true" || name == "false" ||
        find_definition(out.roles, name)) {
      refuse(" has the name of something else");
    }
    if (!call) refuse(" is empty");
    out.user_functions.emplace_back(name, call);
  }
  return out;
}

const built_in* find_built_in(std::string_view name) noexcept {
  const auto* found = std::find_if(std::begin(built_ins), std::end(built_ins),
                                   [name](const built_in& b) { return b.name == name; });
  return found == std::end(built_ins) ? nullptr : found;
}

const built_in& built_in_at(std::uint32_t index) noexcept {
  return built_ins[index];
}

std::uint32_t index_of(const built_in& b) noexcept {
  return static_cast<std::uint32_t>(&b - built_ins);
}

}  // namespace kit::casbin::detail
