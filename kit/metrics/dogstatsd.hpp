#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <kit/metrics/snapshot.hpp>

/// What DogStatsD takes besides metrics. To send one, beside an exporter and on its loop:
///
///     const auto agent = std::shared_ptr(metrics::udp_sender("127.0.0.1:8125"));
///     metrics::statsd_exporter exporter(metrics, agent, {.format = {.dialect = ...}});
///     co_await metrics::send_text(*agent, metrics::dogstatsd_text({.title = "deployed"}));
///
/// Source: https://docs.datadoghq.com/developers/dogstatsd/datagram_shell/
namespace kit::metrics {

enum class dogstatsd_priority : std::uint8_t { normal, low };
enum class dogstatsd_alert : std::uint8_t { info, success, warning, error };

/// Something that happened. Only the title is needed; what is empty is left out.
struct dogstatsd_event {
  std::string title;
  std::string text = {};
  /// The agent's, when there is none.
  std::optional<wall_time> time = {};
  std::string host = {};
  /// Events of the same key are shown together.
  std::string aggregation_key = {};
  std::string source_type = {};
  dogstatsd_priority priority = dogstatsd_priority::normal;
  dogstatsd_alert alert = dogstatsd_alert::info;
  std::vector<label> tags = {};
};

enum class dogstatsd_status : std::uint8_t { ok = 0, warning = 1, critical = 2, unknown = 3 };

/// How something that the service depends on is. Only name and status are needed.
struct dogstatsd_check {
  std::string name;
  dogstatsd_status status = dogstatsd_status::ok;
  std::optional<wall_time> time = {};
  std::string host = {};
  std::string message = {};
  std::vector<label> tags = {};
};

/// The line for it. Line ends in titles, texts and messages are kept; elsewhere characters that
/// could be taken for syntax become `_`.
/// Errors: throws `errc::invalid_argument` when the title or name is empty, or a tag's name or
/// value.
std::string dogstatsd_text(const dogstatsd_event& event);
std::string dogstatsd_text(const dogstatsd_check& check);

}  // namespace kit::metrics
