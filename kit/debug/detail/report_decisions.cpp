#include <kit/debug/detail/report.hpp>

#include <chrono>

namespace kit::debug::detail {
namespace {

double age(const core& c, std::chrono::system_clock::time_point then) {
  return std::chrono::duration<double>(c.wall_now() - then).count();
}

std::vector<decision_total_shown> totals_of(const core& c, const std::string* endpoint) {
  std::vector<decision_total_shown> all;
  for (const auto& t : c.options.decisions.totals()) {
    if (endpoint && t.endpoint != *endpoint) continue;
    // The first one may be counted before it is there to be seen.
    const bool seen = t.last.made.kind != nullptr;
    all.push_back({.endpoint = shown(t.endpoint),
                   .layer = std::string(t.kind->layer),
                   .decision = std::string(t.kind->verb),
                   .count = t.count,
                   .text = seen ? shown(t.last.made.text()) : "",
                   .age = seen ? age(c, t.last.time) : 0});
  }
  return all;
}

}  // namespace

decisions_page make_decisions(const core& c) {
  decisions_page p;
  p.about = make_about(c, "decisions");
  for (const auto& r : c.options.decisions.recent()) {
    p.latest.push_back(
        {.endpoint = shown(r.made.endpoint), .text = shown(r.made.text()), .age = age(c, r.time)});
  }
  p.totals = totals_of(c, nullptr);
  return p;
}

std::vector<decision_total_shown> decisions_about(const core& c, const std::string& endpoint) {
  return totals_of(c, &endpoint);
}

}  // namespace kit::debug::detail
