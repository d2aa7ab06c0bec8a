#include <transports/http/cors.hpp>

#include <algorithm>
#include <optional>
#include <utility>

#include <kit/error.hpp>
#include <kit/http/syntax.hpp>
#include <transports/http/detail/answer_fields.hpp>

namespace kit::http {
namespace {

constexpr std::string_view request_private_network = "Access-Control-Request-Private-Network";
constexpr std::string_view allow_private_network = "Access-Control-Allow-Private-Network";

[[noreturn]] void refuse(std::string what) {
  throw error(errc::invalid_argument, "http::cors_options::" + std::move(what));
}

bool contains(const std::vector<std::string>& list, std::string_view member) {
  return std::find(list.begin(), list.end(), member) != list.end();
}

std::string join(const std::vector<std::string>& list) {
  std::string all;
  for (const auto& member : list)
    (all += all.empty() ? "" : ", ") += member;
  return all;
}

// Scheme, `://`, host and maybe a port, as a browser serializes it (RFC 6454 6.2).
void check_origin(const std::string& origin) {
  if (origin == "*" || origin == "null") return;
  const auto name = "origins: '" + origin + "' ";
  const auto host = origin.find("://");
  if (host == 0 || host == origin.npos) refuse(name + "is no origin such as https://app.example");
  const auto authority = std::string_view(origin).substr(host + 3);
  const bool plain = std::all_of(origin.begin(), origin.end(), [](char c) {
    return is_target_char(c) && to_lower(c) == c && c != '?' && c != '@' && c != ',' && c != '*';
  });
  if (authority.empty() || authority.find('/') != authority.npos || !plain) {
    refuse(name + "could match no browser's: those are in lower case and end with host or port");
  }
  if ((origin.starts_with("https:") && authority.ends_with(":443")) ||
      (origin.starts_with("http:") && authority.ends_with(":80"))) {
    refuse(name + "could match no browser's: those leave out the scheme's own port");
  }
}

void check_tokens(const char* option, const std::vector<std::string>& names) {
  for (const auto& name : names) {
    if (!is_token(name)) refuse(std::string(option) + ": '" + name + "' is no name");
  }
}

void check(const cors_options& o) {
  for (const auto& origin : o.origins)
    check_origin(origin);
  check_tokens("methods", o.methods);
  check_tokens("headers", o.headers);
  check_tokens("exposed_headers", o.exposed_headers);
  if (o.max_age.count() < 0) refuse("max_age: must not be negative");
  if (!o.credentials) return;
  if (contains(o.origins, "*")) refuse("origins: any (*) is not allowed with credentials");
  if (contains(o.exposed_headers, "*")) {
    refuse("exposed_headers: any (*) is not allowed with credentials");
  }
}

}  // namespace

class cors::policy {
 public:
  explicit policy(cors_options o)
      : options_(std::move(o)),
        any_origin_(contains(options_.origins, "*")),
        any_method_(contains(options_.methods, "*")),
        any_header_(contains(options_.headers, "*")),
        methods_(join(options_.methods)),
        headers_(join(options_.headers)),
        exposed_(join(options_.exposed_headers)),
        max_age_(std::to_string(options_.max_age.count())) {}

  static bool is_preflight(const request& req) noexcept {
    return req.method == method::options && req.headers.contains(field::origin) &&
           req.headers.contains(field::access_control_request_method);
  }

  // What goes on an answer to a request of that origin, of which there may be none.
  void mark(headers& fields, const std::optional<std::string>& origin) const {
    if (allow(fields, origin) && !exposed_.empty()) {
      fields.set(field::access_control_expose_headers, exposed_);
    }
  }

  response preflight(const request& req) const {
    response r;
    r.status = status::no_content;
    const auto origin = origin_of(req);
    const bool allowed = allow(r.headers, origin);
    detail::add_vary(r.headers, name(field::access_control_request_method));
    detail::add_vary(r.headers, name(field::access_control_request_headers));
    if (options_.private_network) detail::add_vary(r.headers, request_private_network);
    if (allowed) answer_preflight(req, r.headers);
    return r;
  }

  static std::optional<std::string> origin_of(const request& req) {
    const auto origin = req.headers.get(field::origin);
    return origin && req.headers.count(field::origin) == 1 ? std::optional<std::string>(*origin)
                                                           : std::nullopt;
  }

 private:
  bool is_allowed(std::string_view origin) const {
    if (contains(options_.origins, origin)) return true;
    return options_.allow_origin && origin != "null" && origin != "*" &&
           options_.allow_origin(origin);
  }

  bool allow(headers& fields, const std::optional<std::string>& origin) const {
    if (any_origin_) {  // the same for everybody, so that caches need not tell them apart
      fields.set(field::access_control_allow_origin, "*");
      return true;
    }
    detail::add_vary(fields, name(field::origin));
    if (!origin || !is_allowed(*origin)) {
      fields.remove(field::access_control_allow_origin);
      fields.remove(field::access_control_allow_credentials);
      return false;
    }
    fields.set(field::access_control_allow_origin, *origin);
    if (options_.credentials) fields.set(field::access_control_allow_credentials, "true");
    return true;
  }

  // Any is said by repeating what is asked for: with credentials `*` would be a name like others,
  // and it never covers `Authorization`.
  void answer_preflight(const request& req, headers& fields) const {
    const auto wanted = *req.headers.get(field::access_control_request_method);
    if (any_method_ && is_token(wanted)) {
      fields.set(field::access_control_allow_methods, wanted);
    } else if (!any_method_ && !methods_.empty()) {
      fields.set(field::access_control_allow_methods, methods_);
    }
    if (any_header_) {
      for (const auto names : req.headers.get_all(field::access_control_request_headers))
        fields.add(field::access_control_allow_headers, names);
    } else if (!headers_.empty()) {
      fields.set(field::access_control_allow_headers, headers_);
    }
    fields.set(field::access_control_max_age, max_age_);
    if (options_.private_network && req.headers.get(request_private_network) == "true") {
      fields.set(allow_private_network, "true");
    }
  }

  cors_options options_;
  bool any_origin_;
  bool any_method_;
  bool any_header_;
  std::string methods_;
  std::string headers_;
  std::string exposed_;
  std::string max_age_;
};

class cors::layer {
 public:
  layer(std::shared_ptr<const policy> p, handler next)
      : policy_(std::move(p)), next_(std::move(next)) {}

  asio::awaitable<result<response>> try_call(request req) const {
    if (policy::is_preflight(req)) co_return policy_->preflight(req);
    const auto origin = policy::origin_of(req);
    auto answer = co_await next_.try_call(std::move(req));
    detail::edit_fields(answer, [&](headers& fields) { policy_->mark(fields, origin); });
    co_return answer;
  }

 private:
  std::shared_ptr<const policy> policy_;
  handler next_;
};

cors::cors(cors_options options) {
  check(options);
  policy_ = std::make_shared<const policy>(std::move(options));
}

handler cors::operator()(handler next) const {
  return layer(policy_, std::move(next));
}

}  // namespace kit::http
