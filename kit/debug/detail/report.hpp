#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kit/clock.hpp>
#include <kit/debug/detail/core.hpp>
#include <kit/tracing/span.hpp>
#include <kit/tracing/trace_ring.hpp>

/// What the pages say, as it is in JSON. Times are seconds; all texts are valid UTF-8 of limited
/// length.
namespace kit::debug::detail {

/// On every page.
struct about {
  std::string page;
  /// The overview, as a link from this page.
  std::string base;
  std::string name;
  tracing::wall_time time;
  double uptime = 0;
  std::size_t in_flight = 0;
  bool has_traces = false;
  bool has_levels = false;
  bool has_decisions = false;
};

struct quantiles {
  std::optional<double> p50, p90, p99;
};

/// `counts[i]` calls took up to `bounds[i]`, and longer than the bound before.
struct picture {
  std::vector<double> bounds;
  std::vector<std::uint64_t> counts;
};

/// Per second, over the last ten seconds and the last minute.
struct rates {
  double calls_10s = 0, calls_1m = 0, failures_10s = 0, failures_1m = 0;
};

struct failure_shown {
  std::string code;
  std::string message;
  double age = 0;
};

struct endpoint_shown {
  std::string name;
  std::uint64_t calls = 0;
  std::uint64_t failures = 0;
  std::size_t in_flight = 0;
  rates rate;
  /// Of the last minute, or half of it at least; and since the start.
  quantiles latency, latency_since_start;
  picture histogram, histogram_since_start;
  /// Of each of the last sixty seconds, the oldest first.
  std::vector<std::uint32_t> minute;
  std::vector<std::uint32_t> minute_failures;
  std::optional<failure_shown> last_failure;
};

struct request_shown {
  std::string endpoint;
  double age = 0;
  /// Negative when it is past.
  std::optional<double> deadline_left;
  bool cancelled = false;
  /// The innermost open span below the call's, and for how long.
  std::optional<std::string> waits_for;
  std::optional<double> waits_since;
  std::optional<std::string> trace_id;
};

struct trace_shown {
  std::string trace_id;
  std::string name;
  tracing::wall_time start;
  double length = 0;
  std::size_t spans = 0;
  bool failed = false;
  std::string message;
};

using named_texts = std::vector<std::pair<std::string, std::string>>;

struct event_shown {
  std::string name;
  double at = 0;  // after the trace's start
  named_texts attributes;
};

struct span_shown {
  std::string span_id;
  std::string parent_id;
  std::string name;
  std::string kind;
  std::size_t depth = 0;
  double start = 0;  // after the trace's start
  double length = 0;
  bool open = false;
  std::string status;
  std::string message;
  named_texts attributes;
  std::vector<event_shown> events;
  std::vector<std::string> links;  // ids of traces
  std::uint32_t dropped = 0;       // attributes, events and links
};

struct decision_shown {
  std::string endpoint;
  std::string text;
  double age = 0;
};
struct decision_total_shown {
  std::string endpoint;
  std::string layer;
  std::string decision;
  std::uint64_t count = 0;
  std::string text;  // of the last one
  double age = 0;
};

struct level_shown {
  std::string name;
  std::string level;
};

struct process_shown {
  double cpu = 0, memory = 0, virtual_memory = 0, open_files = 0, max_files = 0, threads = 0;
};

struct overview_page {
  detail::about about;
  process_shown process;
  std::vector<endpoint_shown> endpoints;
  std::vector<request_shown> requests;
  std::vector<trace_shown> failed;
};
struct requests_page {
  detail::about about;
  std::vector<request_shown> requests;
};
struct traces_page {
  detail::about about;
  std::vector<std::string> endpoints;
  std::optional<std::string> endpoint;  // the one that was asked for
  std::vector<trace_shown> failed, slowest, recent;
  std::uint64_t dropped = 0;
};
struct trace_page {
  detail::about about;
  trace_shown trace;
  bool complete = false;
  std::size_t missing_spans = 0;  // ended, or more than are kept
  std::vector<span_shown> spans;  // a child behind its parent
};
struct endpoint_page {
  detail::about about;
  endpoint_shown endpoint;
  std::vector<std::string> layers;  // the outermost first
  std::map<std::string, std::uint64_t> endings;
  std::vector<decision_total_shown> decisions;
  std::vector<request_shown> requests;
};
struct decisions_page {
  detail::about about;
  std::vector<decision_shown> latest;  // the newest first
  std::vector<decision_total_shown> totals;
};
struct levels_page {
  detail::about about;
  bool writable = false;
  std::vector<level_shown> levels;  // the root first
};
struct build_page {
  detail::about about;
  named_texts build;
  tracing::wall_time started;
  process_shown process;
};
struct missing_page {
  detail::about about;
  std::string message;
};

/// But for `base`.
about make_about(const core& c, std::string_view page);
overview_page make_overview(const core& c, time_point now);
requests_page make_requests(const core& c, time_point now);
traces_page make_traces(const core& c, std::optional<std::string> endpoint);
/// Nothing when the trace isn't there.
std::optional<trace_page> make_trace(const core& c, std::string_view id);
std::optional<endpoint_page> make_endpoint(const core& c, std::string_view name, time_point now);
decisions_page make_decisions(const core& c);
std::vector<decision_total_shown> decisions_about(const core& c, const std::string& endpoint);
levels_page make_levels(const core& c);
build_page make_build(const core& c);

process_shown make_process(const core& c);
/// The latest `most` of those that failed.
std::vector<trace_shown> make_failed(const core& c, std::size_t most);

/// Valid UTF-8, and not longer than what people read.
std::string shown(std::string_view text);
double seconds(duration d) noexcept;

}  // namespace kit::debug::detail
