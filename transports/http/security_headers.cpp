#include <transports/http/security_headers.hpp>

#include <string_view>

#include <kit/error.hpp>
#include <kit/http/syntax.hpp>
#include <transports/http/detail/answer_fields.hpp>

namespace kit::http {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw error(errc::invalid_argument, "http::security_headers_options::" + what);
}

std::string to_value(const strict_transport& s) {
  constexpr std::chrono::seconds year{365 * 24 * 3600};
  if (s.max_age.count() < 0) {
    refuse("strict_transport_security: max_age must not be negative");
  }
  if (s.preload && (!s.include_subdomains || s.max_age < year)) {
    refuse("strict_transport_security: preload needs subdomains and a max_age of a year");
  }
  auto value = "max-age=" + std::to_string(s.max_age.count());
  if (s.include_subdomains) value += "; includeSubDomains";
  if (s.preload) value += "; preload";
  return value;
}

// Whether a policy has that directive (CSP3 2.2): names without case, separated by `;`.
bool has_directive(std::string_view policy, std::string_view name) {
  while (!policy.empty()) {
    const auto end = policy.find(';');
    auto directive = trim_ows(policy.substr(0, end));
    directive = directive.substr(0, directive.find_first_of(" \t"));
    if (iequals(directive, name)) return true;
    policy = end == policy.npos ? std::string_view() : policy.substr(end + 1);
  }
  return false;
}

std::string policy_of(const security_headers_options& o) {
  std::string policy = o.content_security_policy;
  if (o.frame_ancestors == frame_ancestors::any || has_directive(policy, "frame-ancestors"))
    return policy;
  if (!policy.empty()) policy += "; ";
  return policy + (o.frame_ancestors == frame_ancestors::none ? "frame-ancestors 'none'"
                                                              : "frame-ancestors 'self'");
}

std::string frame_options_of(frame_ancestors f) {
  switch (f) {
    case frame_ancestors::none:
      return "DENY";
    case frame_ancestors::self:
      return "SAMEORIGIN";
    case frame_ancestors::any:
      break;
  }
  return "";
}

}  // namespace

class security_headers::layer {
 public:
  layer(std::shared_ptr<const field_list> fields, handler next)
      : fields_(std::move(fields)), next_(std::move(next)) {}

  asio::awaitable<result<response>> try_call(request req) const {
    auto answer = co_await next_.try_call(std::move(req));
    detail::edit_fields(answer, [this](headers& fields) {
      for (const auto& [name, value] : *fields_) {
        if (!fields.contains(name)) fields.set(name, value);
      }
    });
    co_return answer;
  }

 private:
  std::shared_ptr<const field_list> fields_;
  handler next_;
};

security_headers::security_headers(const security_headers_options& o) {
  field_list fields;
  const auto add = [&fields](std::string_view name, std::string value, const char* option) {
    if (value.empty()) return;
    if (!is_field_value(value)) refuse(std::string(option) + ": can be no value of a field");
    fields.emplace_back(name, std::move(value));
  };
  if (o.strict_transport_security) {
    add("Strict-Transport-Security", to_value(*o.strict_transport_security),
        "strict_transport_security");
  }
  add("X-Content-Type-Options", o.content_type_options, "content_type_options");
  add("X-Frame-Options", frame_options_of(o.frame_ancestors), "frame_ancestors");
  add("Content-Security-Policy", policy_of(o), "content_security_policy");
  add("Referrer-Policy", o.referrer_policy, "referrer_policy");
  add("Permissions-Policy", o.permissions_policy, "permissions_policy");
  add("Cross-Origin-Opener-Policy", o.opener_policy, "opener_policy");
  add("Cross-Origin-Resource-Policy", o.resource_policy, "resource_policy");
  fields_ = std::make_shared<const field_list>(std::move(fields));
}

handler security_headers::operator()(handler next) const {
  return layer(fields_, std::move(next));
}

}  // namespace kit::http
