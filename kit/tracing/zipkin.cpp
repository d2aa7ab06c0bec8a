#include <kit/tracing/zipkin.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <kit/codec/json.hpp>
#include <kit/http/post.hpp>
#include <kit/http/syntax.hpp>
#include <kit/http/url.hpp>

namespace kit::tracing {
namespace detail {

struct zipkin_endpoint {
  std::string service_name;
  std::string ipv4;
  std::string ipv6;
  std::uint16_t port = 0;

  bool empty() const noexcept {
    return service_name.empty() && ipv4.empty() && ipv6.empty() && port == 0;
  }
};

struct zipkin_annotation {
  std::int64_t timestamp = 0;
  std::string value;
};

struct zipkin_span {
  std::string trace_id;
  std::string id;
  std::string parent_id;
  std::string kind;
  std::string name;
  std::int64_t timestamp = 0;
  std::int64_t duration = 0;
  bool shared = false;
  bool debug = false;
  std::optional<zipkin_endpoint> local_endpoint;
  std::optional<zipkin_endpoint> remote_endpoint;
  std::vector<zipkin_annotation> annotations;
  std::map<std::string, std::string> tags;
};

}  // namespace detail
}  // namespace kit::tracing

template <>
struct kit::reflect_traits<kit::tracing::detail::zipkin_endpoint> {
  using type = kit::tracing::detail::zipkin_endpoint;
  static constexpr auto naming = kit::naming::camel_case;
  static constexpr auto fields = kit::fields(
      kit::field<&type::service_name>().omit_empty(), kit::field<&type::ipv4>().omit_empty(),
      kit::field<&type::ipv6>().omit_empty(), kit::field<&type::port>().omit_empty());
};

template <>
struct kit::reflect_traits<kit::tracing::detail::zipkin_span> {
  using type = kit::tracing::detail::zipkin_span;
  static constexpr auto naming = kit::naming::camel_case;
  static constexpr auto fields = kit::fields(
      kit::field<&type::parent_id>().omit_empty(), kit::field<&type::kind>().omit_empty(),
      kit::field<&type::shared>().omit_empty(), kit::field<&type::debug>().omit_empty(),
      kit::field<&type::local_endpoint>().omit_empty(),
      kit::field<&type::remote_endpoint>().omit_empty(),
      kit::field<&type::annotations>().omit_empty(), kit::field<&type::tags>().omit_empty());
};

namespace kit::tracing {
namespace {

using detail::zipkin_endpoint;
using detail::zipkin_span;

std::int64_t micros(std::chrono::nanoseconds t) noexcept {
  return std::chrono::duration_cast<std::chrono::microseconds>(t).count();
}

std::string kind_of(span_kind kind) {
  std::string text;
  if (kind == span_kind::internal) return text;
  for (const char c : name(kind))
    text += static_cast<char>(c - 'a' + 'A');
  return text;
}

std::string text_of(const attributes& all, std::string_view key) {
  const auto* value = find(all, key);
  return value ? to_text(*value) : std::string();
}

// The address has its own field where it is one; a name is taken for the service's.
void set_address(zipkin_endpoint& e, std::string address) {
  if (address.empty()) return;
  const bool v4 =
      std::ranges::all_of(address, [](char c) { return http::is_digit(c) || c == '.'; });
  if (v4) {
    e.ipv4 = std::move(address);
  } else if (address.find(':') != std::string::npos) {
    e.ipv6 = std::move(address);
  } else if (e.service_name.empty()) {
    e.service_name = std::move(address);
  }
}

std::optional<zipkin_endpoint> remote_of(const span_data& s) {
  if (s.kind == span_kind::internal) return std::nullopt;
  const bool calls = s.kind == span_kind::client || s.kind == span_kind::producer;
  zipkin_endpoint e;
  e.service_name = text_of(s.attributes, "peer.service");
  set_address(e, text_of(s.attributes, "network.peer.address"));
  if (calls) set_address(e, text_of(s.attributes, "server.address"));
  const auto* port = find(s.attributes, "network.peer.port");
  if (!port && calls) port = find(s.attributes, "server.port");
  if (const auto* number = port ? std::get_if<std::int64_t>(port) : nullptr;
      number && *number > 0 && *number <= UINT16_MAX) {
    e.port = static_cast<std::uint16_t>(*number);
  }
  return e.empty() ? std::nullopt : std::optional(std::move(e));
}

std::string annotation_of(const span_event& event) {
  if (event.attributes.empty()) return event.name;
  std::map<std::string, std::string> about;
  for (const auto& a : event.attributes)
    about.emplace(a.key, to_text(a.value));
  const std::map<std::string, std::map<std::string, std::string>> whole{
      {event.name, std::move(about)}};
  return json::encode(whole).value_or(event.name);
}

std::map<std::string, std::string> tags_of(const span_data& s) {
  std::map<std::string, std::string> tags;
  for (const auto& a : s.attributes)
    tags.emplace(a.key, to_text(a.value));
  if (s.status == span_status::error) {
    tags.emplace("error", s.status_message.empty() ? "true" : s.status_message);
  }
  return tags;
}

zipkin_span convert(const span_data& s) {
  zipkin_span out;
  out.trace_id = to_string(s.context.trace_id);
  out.id = to_string(s.context.span_id);
  if (s.parent.valid()) out.parent_id = to_string(s.parent);
  out.kind = kind_of(s.kind);
  out.name = http::to_lower(s.name);
  out.timestamp = micros(s.start.time_since_epoch());
  out.duration = std::max<std::int64_t>(1, micros(s.length));
  out.shared = s.shared;
  out.debug = has(s.context.flags, trace_flags::debug);
  if (s.resource) {
    out.local_endpoint.emplace().service_name = http::to_lower(s.resource->service_name());
  }
  out.remote_endpoint = remote_of(s);
  for (const auto& e : s.events)
    out.annotations.push_back({micros(e.time.time_since_epoch()), annotation_of(e)});
  out.tags = tags_of(s);
  return out;
}

asio::awaitable<result<export_result>> send(endpoint<http::request, http::response> client,
                                            std::string url, span_batch batch) {
  const auto answer = co_await http::post(std::move(client), std::move(url),
                                          zipkin_json(batch.spans), "application/json");
  if (!answer) co_return fail(answer.error());
  co_return export_result();
}

}  // namespace

std::string zipkin_json(std::span<const std::shared_ptr<const span_data>> spans) {
  std::string out = "[";
  for (const auto& s : spans) {
    const auto before = out.size();
    if (before > 1) out += ',';
    if (!json::append(out, convert(*s))) out.resize(before);
  }
  out += ']';
  return out;
}

span_exporter zipkin_exporter(endpoint<http::request, http::response> client,
                              zipkin_options options) {
  if (!http::is_http_url(options.url)) {
    throw error(errc::invalid_argument, "zipkin_options::url: is no URL of http or https");
  }
  return [client = std::move(client), url = std::move(options.url)](span_batch batch) {
    return send(client, url, std::move(batch));
  };
}

}  // namespace kit::tracing
