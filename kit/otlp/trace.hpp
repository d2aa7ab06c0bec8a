#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <kit/otlp/common.hpp>

/// The messages of OTLP for traces.
namespace kit::otlp {

using trace_id = id<16>;
using span_id = id<8>;

struct span_event {
  fixed64 time_unix_nano = {};
  std::string name = {};
  otlp::attributes attributes = {};
  std::uint32_t dropped_attributes_count = 0;
};

struct span_link {
  otlp::trace_id trace_id = {};
  otlp::span_id span_id = {};
  std::string trace_state = {};
  otlp::attributes attributes = {};
  std::uint32_t dropped_attributes_count = 0;
  std::uint32_t flags = 0;
};

struct span_status {
  std::string message = {};
  std::int32_t code = 0;  ///< 0 unset, 1 ok, 2 error
};

struct span {
  otlp::trace_id trace_id = {};
  otlp::span_id span_id = {};
  std::string trace_state = {};
  otlp::span_id parent_span_id = {};
  std::string name = {};
  std::int32_t kind = 0;  ///< 1 internal, 2 server, 3 client, 4 producer, 5 consumer
  fixed64 start_time_unix_nano = {};
  fixed64 end_time_unix_nano = {};
  otlp::attributes attributes = {};
  std::uint32_t dropped_attributes_count = 0;
  std::vector<span_event> events = {};
  std::uint32_t dropped_events_count = 0;
  std::vector<span_link> links = {};
  std::uint32_t dropped_links_count = 0;
  span_status status = {};
  /// The W3C flags, 0x100 (it is known whether the parent is remote), and 0x200 (it is).
  std::uint32_t flags = 0;
};

struct scope_spans {
  otlp::scope scope = {};
  std::vector<span> spans = {};
};
struct resource_spans {
  otlp::resource resource = {};
  std::vector<otlp::scope_spans> scope_spans = {};
};

/// The body of `POST /v1/traces`.
struct export_trace_service_request {
  std::vector<otlp::resource_spans> resource_spans = {};
};

/// What of the spans the collector didn't take, where it took the request: not to be sent again.
struct trace_partial_success {
  int64 rejected_spans = {};
  std::string error_message = {};
};
struct export_trace_service_response {
  trace_partial_success partial_success = {};
};

}  // namespace kit::otlp

template <>
struct kit::reflect_traits<kit::otlp::span_event> {
  using type = kit::otlp::span_event;
  static constexpr auto naming = kit::naming::camel_case;
  static constexpr auto fields = kit::fields(
      kit::field<&type::time_unix_nano>().number(1).fixed(), kit::field<&type::name>().number(2),
      kit::field<&type::attributes>().number(3).omit_empty(),
      kit::field<&type::dropped_attributes_count>().number(4).omit_empty());
};
template <>
struct kit::reflect_traits<kit::otlp::span_link> {
  using type = kit::otlp::span_link;
  static constexpr auto naming = kit::naming::camel_case;
  static constexpr auto fields =
      kit::fields(kit::field<&type::trace_id>().number(1), kit::field<&type::span_id>().number(2),
                  kit::field<&type::trace_state>().number(3).omit_empty(),
                  kit::field<&type::attributes>().number(4).omit_empty(),
                  kit::field<&type::dropped_attributes_count>().number(5).omit_empty(),
                  kit::field<&type::flags>().number(6).fixed().omit_empty());
};
template <>
struct kit::reflect_traits<kit::otlp::span_status> {
  using type = kit::otlp::span_status;
  static constexpr auto fields = kit::fields(kit::field<&type::message>().number(2).omit_empty(),
                                             kit::field<&type::code>().number(3).omit_empty());
};
template <>
struct kit::reflect_traits<kit::otlp::span> {
  using type = kit::otlp::span;
  static constexpr auto naming = kit::naming::camel_case;
  static constexpr auto fields =
      kit::fields(kit::field<&type::trace_id>().number(1), kit::field<&type::span_id>().number(2),
                  kit::field<&type::trace_state>().number(3).omit_empty(),
                  kit::field<&type::parent_span_id>().number(4).omit_empty(),
                  kit::field<&type::name>().number(5), kit::field<&type::kind>().number(6),
                  kit::field<&type::start_time_unix_nano>().number(7).fixed(),
                  kit::field<&type::end_time_unix_nano>().number(8).fixed(),
                  kit::field<&type::attributes>().number(9).omit_empty(),
                  kit::field<&type::dropped_attributes_count>().number(10).omit_empty(),
                  kit::field<&type::events>().number(11).omit_empty(),
                  kit::field<&type::dropped_events_count>().number(12).omit_empty(),
                  kit::field<&type::links>().number(13).omit_empty(),
                  kit::field<&type::dropped_links_count>().number(14).omit_empty(),
                  kit::field<&type::status>().number(15),
                  kit::field<&type::flags>().number(16).fixed().omit_empty());
};
template <>
struct kit::reflect_traits<kit::otlp::scope_spans> {
  static constexpr auto naming = kit::naming::camel_case;
};
template <>
struct kit::reflect_traits<kit::otlp::resource_spans> {
  static constexpr auto naming = kit::naming::camel_case;
};
template <>
struct kit::reflect_traits<kit::otlp::export_trace_service_request> {
  static constexpr auto naming = kit::naming::camel_case;
};
template <>
struct kit::reflect_traits<kit::otlp::trace_partial_success> {
  static constexpr auto naming = kit::naming::camel_case;
};
template <>
struct kit::reflect_traits<kit::otlp::export_trace_service_response> {
  static constexpr auto naming = kit::naming::camel_case;
};
