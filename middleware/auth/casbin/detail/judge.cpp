#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include <kit/error.hpp>
#include <middleware/auth/casbin/detail/snapshot.hpp>
#include <middleware/auth/casbin/detail/words.hpp>

namespace kit::casbin::detail {
namespace {

expected_ns::unexpected<error> refuse(const std::string& why) {
  return fail(errc::invalid_argument, "casbin: " + why);
}

std::string list_of(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& n : names)
    out.append(out.empty() ? "" : ", ").append(n);
  return out;
}

}  // namespace

result<snapshot::parts> snapshot::choose(std::size_t values, const definitions& by) const {
  const auto request = find_definition(words_.requests, by.request);
  const auto table = find_definition(words_.rules, by.rule);
  const auto effect = find_definition(effects_, by.effect);
  const auto match = find_definition(matchers_, by.matcher);
  if (!request) return refuse("there is no request definition " + quoted(by.request));
  if (!table) return refuse("there is no policy definition " + quoted(by.rule));
  if (!effect) return refuse("there is no policy effect " + quoted(by.effect));
  if (!match) return refuse("there is no matcher " + quoted(by.matcher));
  const auto& fields = words_.requests[*request].fields;
  if (values != fields.size()) {
    return refuse("a request has " + std::to_string(values) + " values, the model says " +
                  std::to_string(fields.size()) + ": " + list_of(fields));
  }
  const auto& m = matchers_[*match];
  if (m.what.request.value_or(*request) != *request || m.what.rule.value_or(*table) != *table) {
    return refuse("the matcher " + quoted(m.key) + " is for other definitions");
  }
  return parts{*request, *table, effects_[*effect].kind, &m};
}

result<snapshot::verdict> snapshot::judge(std::span<const value> values,
                                          const definitions& by) const {
  const auto chosen = choose(values.size(), by);
  if (!chosen) return fail(chosen.error());
  const auto& m = *chosen->match;
  const auto& table = tables_[chosen->table];
  const request_values request(values, names_);
  evaluator run(around_, request, chosen->request);
  merged_effect merged(chosen->effect);
  if (!m.what.rule || table.size() == 0) {
    if (run.matches(m.what, {})) (void)merged.add(rule_effect::allow, merged_effect::no_rule);
    if (run.failure()) return fail(*run.failure());
    return verdict{.allowed = merged.allowed()};
  }
  std::vector<std::uint32_t> room;
  const auto some = m.index.find(run, m.what, room);
  const auto count = some ? some->size() : table.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = some ? (*some)[i] : i;
    const bool matches = run.matches(m.what, table.fields(at));
    if (run.failure()) return fail(run.failure()->with(rule_of({false, chosen->table, at})));
    if (matches && merged.add(table.effect(at), at)) break;
  }
  return verdict{merged.allowed(), chosen->table, merged.rule()};
}

rule snapshot::rule_of(const verdict& v) const {
  const auto& table = tables_[v.table];
  rule out{.type = words_.rules[v.table].key, .line = table.from(v.rule).line};
  for (const auto s : table.fields(v.rule))
    out.fields.emplace_back(names_.text(s));
  return out;
}

}  // namespace kit::casbin::detail
