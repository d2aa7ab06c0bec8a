#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <kit/metrics/snapshot.hpp>

/// Prometheus' rules for names and values of labels:
/// https://prometheus.io/docs/concepts/data_model/
namespace kit::metrics::detail {

bool valid_metric_name(std::string_view name) noexcept;
bool valid_label_name(std::string_view name) noexcept;

/// The text, with `?` for each byte that isn't ASCII when it isn't UTF-8.
std::string with_question_marks(std::string_view text);

/// What a counter is called without `_total`.
std::string_view without_total(std::string_view counter) noexcept;

/// Every name that a metric's samples and families have in Prometheus' formats.
std::vector<std::string> exposed_names(std::string_view name, metric_kind kind);

}  // namespace kit::metrics::detail
