// The program, its process, and the levels of its loggers.
#include <chrono>
#include <utility>

#include <kit/codec/utf8.hpp>
#include <kit/config.hpp>
#include <kit/debug/detail/report.hpp>
#include <kit/detail/utf8.hpp>

namespace kit::debug::detail {
namespace {

constexpr std::size_t longest_text = 1'000;

double figure(const metrics::snapshot& s, std::string_view name) {
  const auto* f = s.find(name);
  return f ? f->points.front().value : 0;
}

std::string text_of(std::optional<log::level> l) {
  return l ? std::string(name(*l)) : "none";
}

}  // namespace

tracing::wall_time start_of(const metrics::snapshot& s) {
  const std::chrono::duration<double> since_epoch(figure(s, "process_start_time_seconds"));
  return tracing::wall_time(std::chrono::duration_cast<tracing::wall_time::duration>(since_epoch));
}

std::string shown(std::string_view text) {
  if (text.size() <= longest_text) return to_utf8(std::string(text));
  const auto end = kit::detail::utf8_cut(text, longest_text);
  return to_utf8(std::string(text.substr(0, end))) + "\xe2\x80\xa6";
}

double seconds(duration d) noexcept {
  return std::chrono::duration<double>(d).count();
}

about make_about(const core& c, std::string_view page) {
  about a;
  a.page = page;
  a.name = shown(c.options.name);
  a.time = c.wall_now();
  a.uptime = seconds(a.time - c.started);
  for (const auto& w : c.all())
    a.in_flight += w->total().running;
  a.has_traces = c.options.traces != nullptr;
  a.has_levels = c.options.levels.has_value();
  a.has_decisions = bool(c.options.decisions);
  return a;
}

process_shown make_process(const core& c) {
  const auto s = c.process.collect();
  return {.cpu = figure(s, "process_cpu_seconds_total"),
          .memory = figure(s, "process_resident_memory_bytes"),
          .virtual_memory = figure(s, "process_virtual_memory_bytes"),
          .open_files = figure(s, "process_open_fds"),
          .max_files = figure(s, "process_max_fds"),
          .threads = figure(s, "process_threads")};
}

levels_page make_levels(const core& c) {
  levels_page p;
  p.about = make_about(c, "levels");
  p.writable = c.options.allow_writes;
  if (!c.options.levels) return p;
  p.levels.push_back({"", text_of(c.options.levels->get(""))});
  for (const auto& [name, level] : c.options.levels->settings()) {
    if (!name.empty()) p.levels.push_back({shown(name), text_of(level)});
  }
  return p;
}

build_page make_build(const core& c) {
  build_page p;
  p.about = make_about(c, "build");
  for (const auto& [name, value] : c.options.build)
    p.build.emplace_back(shown(name), shown(value));
  p.build.emplace_back("Cokit", KIT_VERSION);
  p.build.emplace_back("compiler", __VERSION__);
  p.started = c.started;
  p.process = make_process(c);
  return p;
}

}  // namespace kit::debug::detail
