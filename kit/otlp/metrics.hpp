#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <kit/otlp/common.hpp>
#include <kit/otlp/trace.hpp>

/// The messages of OTLP for metrics. Summaries, which are there for what comes from Prometheus, are
/// passed over.
namespace kit::otlp {

/// `std::monostate` is a value that is missing.
using number = std::variant<std::monostate, real, int64>;

struct exemplar {
  otlp::attributes filtered_attributes = {};
  fixed64 time_unix_nano = {};
  number value = {};
  otlp::span_id span_id = {};
  otlp::trace_id trace_id = {};
};

struct number_data_point {
  otlp::attributes attributes = {};
  fixed64 start_time_unix_nano = {};
  fixed64 time_unix_nano = {};
  number value = {};
  std::vector<exemplar> exemplars = {};
  std::uint32_t flags = 0;  ///< 1: there is no value
};

/// Bucket i counts what is above `explicit_bounds[i - 1]` and up to `explicit_bounds[i]`.
struct histogram_data_point {
  otlp::attributes attributes = {};
  fixed64 start_time_unix_nano = {};
  fixed64 time_unix_nano = {};
  fixed64 count = {};
  std::optional<real> sum = {};
  std::vector<fixed64> bucket_counts = {};
  std::vector<double> explicit_bounds = {};
  std::vector<exemplar> exemplars = {};
  std::uint32_t flags = 0;
  std::optional<real> min = {};
  std::optional<real> max = {};
};

/// `bucket_counts[i]` counts what is above base^(offset + i) and up to base^(offset + i + 1).
struct exponential_buckets {
  std::int32_t offset = 0;
  std::vector<fixed64> bucket_counts = {};
};
/// Its base is 2^(2^-scale).
struct exponential_histogram_data_point {
  otlp::attributes attributes = {};
  fixed64 start_time_unix_nano = {};
  fixed64 time_unix_nano = {};
  fixed64 count = {};
  std::optional<real> sum = {};
  std::int32_t scale = 0;
  fixed64 zero_count = {};
  exponential_buckets positive = {};
  std::optional<exponential_buckets> negative = {};
  std::uint32_t flags = 0;
  std::vector<exemplar> exemplars = {};
  std::optional<real> min = {};
  std::optional<real> max = {};
  real zero_threshold = {};
};

/// Since when values count: 1, the last time they were sent (delta); 2, the start (cumulative).
using aggregation_temporality = std::int32_t;
inline constexpr aggregation_temporality delta = 1, cumulative = 2;

struct gauge {
  std::vector<number_data_point> data_points = {};
};
struct sum {
  std::vector<number_data_point> data_points = {};
  otlp::aggregation_temporality aggregation_temporality = 0;
  bool is_monotonic = false;
};
struct histogram {
  std::vector<histogram_data_point> data_points = {};
  otlp::aggregation_temporality aggregation_temporality = 0;
};
struct exponential_histogram {
  std::vector<exponential_histogram_data_point> data_points = {};
  otlp::aggregation_temporality aggregation_temporality = 0;
};

struct metric {
  std::string name = {};
  std::string description = {};
  std::string unit = {};  ///< as UCUM has it: `s`, `By`
  std::variant<std::monostate, gauge, sum, histogram, exponential_histogram> data = {};
};

struct scope_metrics {
  otlp::scope scope = {};
  std::vector<metric> metrics = {};
};
struct resource_metrics {
  otlp::resource resource = {};
  std::vector<otlp::scope_metrics> scope_metrics = {};
};

/// The body of `POST /v1/metrics`.
struct export_metrics_service_request {
  std::vector<otlp::resource_metrics> resource_metrics = {};
};

/// As `trace_partial_success`.
struct metrics_partial_success {
  int64 rejected_data_points = {};
  std::string error_message = {};
};
struct export_metrics_service_response {
  metrics_partial_success partial_success = {};
};

}  // namespace kit::otlp

template <>
struct kit::reflect_traits<kit::otlp::exemplar> {
  using type = kit::otlp::exemplar;
  static constexpr auto naming = kit::naming::camel_case;
  static constexpr auto fields = kit::fields(
      kit::field<&type::filtered_attributes>().number(7).omit_empty(),
      kit::field<&type::time_unix_nano>().number(2).fixed(),
      kit::field<&type::value>().alternatives(kit::alternative("asDouble").number(3),
                                              kit::alternative("asInt").number(6).fixed()),
      kit::field<&type::span_id>().number(4).omit_empty(),
      kit::field<&type::trace_id>().number(5).omit_empty());
};
template <>
struct kit::reflect_traits<kit::otlp::number_data_point> {
  using type = kit::otlp::number_data_point;
  static constexpr auto naming = kit::naming::camel_case;
  static constexpr auto fields = kit::fields(
      kit::field<&type::attributes>().number(7).omit_empty(),
      kit::field<&type::start_time_unix_nano>().number(2).fixed().omit_empty(),
      kit::field<&type::time_unix_nano>().number(3).fixed(),
      kit::field<&type::value>().alternatives(kit::alternative("asDouble").number(4),
                                              kit::alternative("asInt").number(6).fixed()),
      kit::field<&type::exemplars>().number(5).omit_empty(),
      kit::field<&type::flags>().number(8).omit_empty());
};
template <>
struct kit::reflect_traits<kit::otlp::histogram_data_point> {
  using type = kit::otlp::histogram_data_point;
  static constexpr auto naming = kit::naming::camel_case;
  static constexpr auto fields = kit::fields(
      kit::field<&type::attributes>().number(9).omit_empty(),
      kit::field<&type::start_time_unix_nano>().number(2).fixed(),
      kit::field<&type::time_unix_nano>().number(3).fixed(),
      kit::field<&type::count>().number(4).fixed(), kit::field<&type::sum>().number(5).omit_empty(),
      kit::field<&type::bucket_counts>().number(6).fixed(),
      kit::field<&type::explicit_bounds>().number(7),
      kit::field<&type::exemplars>().number(8).omit_empty(),
      kit::field<&type::flags>().number(10).omit_empty(),
      kit::field<&type::min>().number(11).omit_empty(),
      kit::field<&type::max>().number(12).omit_empty());
};
template <>
struct kit::reflect_traits<kit::otlp::exponential_buckets> {
  using type = kit::otlp::exponential_buckets;
  static constexpr auto naming = kit::naming::camel_case;
  static constexpr auto fields = kit::fields(kit::field<&type::offset>().number(1).zigzag(),
                                             kit::field<&type::bucket_counts>().number(2));
};
template <>
struct kit::reflect_traits<kit::otlp::exponential_histogram_data_point> {
  using type = kit::otlp::exponential_histogram_data_point;
  static constexpr auto naming = kit::naming::camel_case;
  static constexpr auto fields = kit::fields(
      kit::field<&type::attributes>().number(1).omit_empty(),
      kit::field<&type::start_time_unix_nano>().number(2).fixed(),
      kit::field<&type::time_unix_nano>().number(3).fixed(),
      kit::field<&type::count>().number(4).fixed(), kit::field<&type::sum>().number(5).omit_empty(),
      kit::field<&type::scale>().number(6).zigzag(),
      kit::field<&type::zero_count>().number(7).fixed(), kit::field<&type::positive>().number(8),
      kit::field<&type::negative>().number(9).omit_empty(),
      kit::field<&type::flags>().number(10).omit_empty(),
      kit::field<&type::exemplars>().number(11).omit_empty(),
      kit::field<&type::min>().number(12).omit_empty(),
      kit::field<&type::max>().number(13).omit_empty(),
      kit::field<&type::zero_threshold>().number(14).omit_empty());
};
template <>
struct kit::reflect_traits<kit::otlp::gauge> {
  static constexpr auto naming = kit::naming::camel_case;
};
template <>
struct kit::reflect_traits<kit::otlp::sum> {
  static constexpr auto naming = kit::naming::camel_case;
};
template <>
struct kit::reflect_traits<kit::otlp::histogram> {
  static constexpr auto naming = kit::naming::camel_case;
};
template <>
struct kit::reflect_traits<kit::otlp::exponential_histogram> {
  static constexpr auto naming = kit::naming::camel_case;
};
template <>
struct kit::reflect_traits<kit::otlp::metric> {
  using type = kit::otlp::metric;
  static constexpr auto fields = kit::fields(
      kit::field<&type::name>().number(1), kit::field<&type::description>().number(2).omit_empty(),
      kit::field<&type::unit>().number(3).omit_empty(),
      kit::field<&type::data>().alternatives(kit::alternative("gauge").number(5),
                                             kit::alternative("sum").number(7),
                                             kit::alternative("histogram").number(9),
                                             kit::alternative("exponentialHistogram").number(10)));
};
template <>
struct kit::reflect_traits<kit::otlp::scope_metrics> {
  static constexpr auto naming = kit::naming::camel_case;
};
template <>
struct kit::reflect_traits<kit::otlp::resource_metrics> {
  static constexpr auto naming = kit::naming::camel_case;
};
template <>
struct kit::reflect_traits<kit::otlp::export_metrics_service_request> {
  static constexpr auto naming = kit::naming::camel_case;
};
template <>
struct kit::reflect_traits<kit::otlp::metrics_partial_success> {
  static constexpr auto naming = kit::naming::camel_case;
};
template <>
struct kit::reflect_traits<kit::otlp::export_metrics_service_response> {
  static constexpr auto naming = kit::naming::camel_case;
};
