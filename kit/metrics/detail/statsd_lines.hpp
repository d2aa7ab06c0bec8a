#pragma once

#include <string>

#include <kit/metrics/detail/lines.hpp>
#include <kit/metrics/samples.hpp>
#include <kit/metrics/statsd.hpp>

namespace kit::metrics::detail {

/// Of a valid format.
line_batch statsd_lines(const snapshot& since_last, const samples& values,
                        const statsd_format& format);

/// `|#name:value,name:value`, nothing without labels.
void append_dogstatsd_tags(std::string& out, const label_views& labels);

}  // namespace kit::metrics::detail
