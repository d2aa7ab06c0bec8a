#include <transports/http/reverse_proxy.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <asio/this_coro.hpp>

#include <kit/connection_info.hpp>
#include <kit/error.hpp>
#include <kit/http/percent.hpp>
#include <kit/http/syntax.hpp>
#include <kit/http/url.hpp>
#include <kit/ip_networks.hpp>
#include <kit/this_context.hpp>
#include <transports/http/call_failure.hpp>
#include <transports/http/detail/remove_fields.hpp>
#include <transports/http/status_of.hpp>

namespace kit::http {
namespace {

// Those of one connection whether `Connection` names them or not.
constexpr field hop_by_hop[] = {
    field::connection,
    field::keep_alive,
    field::proxy_connection,
    field::proxy_authenticate,
    field::proxy_authorization,
    field::te,
    field::trailer,
    field::transfer_encoding,
    field::upgrade,
};

void remove_hop_by_hop(headers& fields) {
  std::vector<std::string> named;
  for (const auto value : fields.get_all(field::connection)) {
    for (auto rest = value; !rest.empty();)
      named.emplace_back(next_list_member(rest));
  }
  for (const auto& name : named)
    fields.remove(name);
  for (const auto f : hop_by_hop)
    fields.remove(f);
}

// What a request can say of who asked whom.
bool is_forwarding(const headers::item& f) noexcept {
  constexpr std::string_view prefix = "X-Forwarded-";
  return f.field == field::forwarded || f.field == field::x_real_ip ||
         iequals(f.name.substr(0, prefix.size()), prefix);
}

// Also such as an origin that decodes the path first, or takes `\` for `/`, would see.
bool has_dot_segments(std::string_view path) {
  if (path.find('.') == path.npos && path.find('%') == path.npos) return false;
  const auto text = percent_decode(path).value_or(std::string(path));
  for (std::string_view rest = text; !rest.empty();) {
    const auto end = std::min(rest.find_first_of("/\\"), rest.size());
    const auto segment = rest.substr(0, end);
    if (segment == "." || segment == "..") return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

class proxy {
 public:
  proxy(handler client, url base, const reverse_proxy_options& options)
      : client_(std::move(client)), base_(std::move(base)), options_(options) {
    if (base_.path.ends_with('/')) base_.path.pop_back();
    origin_ = base_.scheme + "://";
    if (!base_.userinfo.empty()) origin_ += base_.userinfo + '@';
    origin_ += base_.authority();
  }

  asio::awaitable<result<response>> try_call(request req) const {
    if (has_dot_segments(req.path())) {
      co_return fail(error(errc::invalid_argument, "the path has dot segments"));
    }
    const auto ctx = co_await this_context();
    change(req, ctx.get<connection_info>());
    auto left = req.body.is_stream() ? 0 : options_.retries;
    for (; left > 0; --left) {
      auto r = co_await client_.try_call(request(req));
      if (r || !is_safe(req.method, r.error())) co_return answered(std::move(r));
    }
    co_return answered(co_await client_.try_call(std::move(req)));
  }

 private:
  void change(request& req, const connection_info* connection) const {
    req.target = target(req);
    req.original_target.clear();
    const bool takes_trailers = req.headers.has_member(field::te, "trailers");
    remove_hop_by_hop(req.headers);
    req.headers.remove(field::expect);  // answered by the server
    if (takes_trailers) req.headers.set(field::te, "trailers");
    if (!(connection && connection->forwarded) && !options_.keep_forwarded)
      detail::remove_fields(req.headers, is_forwarding);
    if (options_.add_forwarded) add_forwarded(req.headers, connection);
    if (options_.rewrite_host) req.headers.remove(field::host);
  }

  std::string target(const request& req) const {
    std::string all = origin_ + base_.path;
    const auto path = req.path();
    if (!path.starts_with('/')) all += '/';
    all += path;
    const auto own = req.query_string();
    const auto base = base_.query.value_or("");
    if (!base.empty() || !own.empty()) all += '?';
    all += base;
    if (!base.empty() && !own.empty()) all += '&';
    all += own;
    return all;
  }

  static void add_forwarded(headers& fields, const connection_info* connection) {
    if (const auto peer = peer_of(connection)) {
      std::string peers;
      for (const auto value : fields.get_all(field::x_forwarded_for))
        peers.append(value).append(", ");
      peers += peer->address;
      fields.set(field::x_forwarded_for, peers);
    }
    if (!fields.contains(field::x_forwarded_proto)) {
      fields.set(field::x_forwarded_proto, connection ? connection->scheme() : "http");
    }
    if (const auto host = fields.get(field::host);
        host && !fields.contains(field::x_forwarded_host)) {
      fields.set(field::x_forwarded_host, std::string(*host));
    }
  }

  // Who is at the other end of the connection.
  static std::optional<ip_endpoint> peer_of(const connection_info* connection) {
    if (!connection) return std::nullopt;
    return parse_ip_endpoint(connection->forwarded ? connection->proxy_address
                                                   : connection->remote_address);
  }

  static bool is_safe(const method& m, const error& e) noexcept {
    const auto* at = e.get<call_failure>();
    return e == errc::unavailable && at && (!at->sent || m.is_idempotent());
  }

  static result<response> answered(result<response> r) {
    if (!r) return fail(given(r.error()));
    remove_hop_by_hop(r->headers);
    return r;
  }

  // As the proxy's client sees it.
  static error given(const error& e) {
    const auto* at = e.get<call_failure>();
    if (!at) return e;  // not the origin's
    const auto without_content = e.with(error_body{.content = {}, .content_type = {}});
    const bool unfit = at->at == call_failure::stage::request;
    return unfit ? without_content.with(error_status{status::bad_request}) : without_content;
  }

  handler client_;
  url base_;
  reverse_proxy_options options_;
  std::string origin_;
};

}  // namespace

handler reverse_proxy(handler client, std::string base_url, reverse_proxy_options options) {
  auto base = url::parse(base_url);
  if (!base) throw std::move(base).error();
  if (base->scheme != "http" && base->scheme != "https") {
    throw error(errc::invalid_argument, "reverse_proxy: the base URL is not one of http or https");
  }
  return proxy(std::move(client), *std::move(base), options);
}

}  // namespace kit::http
