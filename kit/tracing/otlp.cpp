#include <kit/tracing/otlp.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <kit/http/post.hpp>
#include <kit/http/url.hpp>

namespace kit::tracing {
namespace {

constexpr unsigned knows_remote = 0x100, is_remote = 0x200;

otlp::any_value convert(const attribute::value_type& value) {
  otlp::any_value out;
  std::visit(
      [&out]<class T>(const T& v) {
        if constexpr (std::is_same_v<T, std::int64_t>) {
          out.value = otlp::int64{v};
        } else if constexpr (std::is_same_v<T, double>) {
          out.value = otlp::real{v};
        } else if constexpr (std::is_same_v<T, attribute::list_of_text>) {
          auto& list = out.value.emplace<otlp::array_value>();
          for (const auto& item : v)
            list.values.push_back({item});
        } else {
          out.value = v;
        }
      },
      value);
  return out;
}

otlp::fixed64 convert(wall_time t) noexcept {
  return {static_cast<std::uint64_t>(std::max<std::int64_t>(0, t.time_since_epoch().count()))};
}

std::uint32_t flags_of(const span_context& context, bool remote) noexcept {
  const auto known = trace_flags::sampled | trace_flags::random;
  const auto flags = static_cast<unsigned>(context.flags & known);
  return flags | knows_remote | (remote ? is_remote : 0);
}

otlp::span_link convert(const span_link& l) {
  return {.trace_id = {to_bytes(l.context.trace_id)},
          .span_id = {to_bytes(l.context.span_id)},
          .trace_state = std::string(l.context.trace_state()),
          .attributes = otlp_attributes(l.attributes),
          .flags = flags_of(l.context, l.context.remote)};
}

std::int32_t code_of(span_status s) noexcept {
  return s == span_status::error ? 2 : s == span_status::ok ? 1 : 0;
}

otlp::span convert(const span_data& s) {
  otlp::span out;
  out.trace_id = {to_bytes(s.context.trace_id)};
  out.span_id = {to_bytes(s.context.span_id)};
  out.trace_state = s.context.trace_state();
  out.parent_span_id = {to_bytes(s.parent)};
  out.name = s.name;
  out.kind = static_cast<std::int32_t>(s.kind) + 1;
  out.start_time_unix_nano = convert(s.start);
  out.end_time_unix_nano = convert(s.end());
  out.attributes = otlp_attributes(s.attributes);
  out.dropped_attributes_count = s.dropped_attributes;
  for (const auto& e : s.events)
    out.events.push_back({convert(e.time), e.name, otlp_attributes(e.attributes)});
  out.dropped_events_count = s.dropped_events;
  for (const auto& l : s.links)
    out.links.push_back(convert(l));
  out.dropped_links_count = s.dropped_links;
  out.status = {.message = s.status_message, .code = code_of(s.status)};
  out.flags = flags_of(s.context, s.remote_parent);
  return out;
}

// All spans of a batch come from one tracer as a rule, or a few.
otlp::resource_spans& group_of(otlp::export_trace_service_request& request,
                               std::vector<const resource*>& groups, const resource* r) {
  const auto found = std::ranges::find(groups, r);
  if (found != groups.end()) {
    return request.resource_spans[static_cast<std::size_t>(found - groups.begin())];
  }
  groups.push_back(r);
  auto& group = request.resource_spans.emplace_back();
  if (r) group.resource.attributes = otlp_attributes(r->attributes);
  group.scope_spans.push_back({.scope = otlp::cokit_scope()});
  return group;
}

asio::awaitable<result<export_result>> send(endpoint<http::request, http::response> client,
                                            std::shared_ptr<const otlp_options> options,
                                            span_batch batch) {
  auto content = otlp::encode(to_otlp(batch.spans), options->encode_as);
  if (!content) co_return fail(std::move(content).error());
  const auto answer = co_await http::post(std::move(client), options->url, *std::move(content),
                                          otlp::content_type(options->encode_as), options->headers);
  if (!answer) co_return fail(answer.error());
  auto read = otlp::read_answer<otlp::export_trace_service_response>(*answer).partial_success;
  const auto refused = std::max<std::int64_t>(0, read.rejected_spans.value);
  co_return export_result{static_cast<std::size_t>(refused), std::move(read.error_message)};
}

}  // namespace

otlp::attributes otlp_attributes(const attributes& all) {
  otlp::attributes out;
  out.reserve(all.size());
  for (const auto& a : all)
    out.push_back({a.key, convert(a.value)});
  return out;
}

otlp::export_trace_service_request to_otlp(
    std::span<const std::shared_ptr<const span_data>> spans) {
  otlp::export_trace_service_request request;
  std::vector<const resource*> groups;
  for (const auto& s : spans)
    group_of(request, groups, s->resource.get()).scope_spans.front().spans.push_back(convert(*s));
  return request;
}

span_exporter otlp_exporter(endpoint<http::request, http::response> client, otlp_options options) {
  if (!http::is_http_url(options.url)) {
    throw error(errc::invalid_argument, "otlp_options::url: is no URL of http or https");
  }
  return [client = std::move(client), o = std::make_shared<const otlp_options>(std::move(options))](
             span_batch batch) { return send(client, o, std::move(batch)); };
}

}  // namespace kit::tracing
