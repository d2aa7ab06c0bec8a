#include <transports/http/hooks.hpp>

#include <optional>
#include <string_view>
#include <utility>

#include <kit/connection_info.hpp>
#include <kit/http/percent.hpp>

namespace kit::http {
namespace {

// Throws now what would otherwise fail each request.
void check(std::string_view name, std::string_view value) {
  headers().set(name, value);
}

std::string text_of(const headers& fields, field f) {
  return std::string(fields.get(f).value_or(std::string_view()));
}

std::string list_of(const headers& fields, field f) {
  std::string all;
  for (const auto& item : fields) {
    if (item.field != f) continue;
    if (!all.empty()) all += ", ";
    all += item.value;
  }
  return all;
}

}  // namespace

context populate_request_context(const context& ctx, request& req) {
  const auto& fields = req.headers;
  const auto* connection = ctx.get<connection_info>();
  const auto path = req.path();
  return ctx.with(request_info{
      .method = std::string(req.method.name()),
      .uri = req.original_target.empty() ? req.target : req.original_target,
      .path = percent_decode(path).value_or(std::string(path)),
      .protocol = std::string(name(req.version)),
      .host = text_of(fields, field::host),
      .remote_address = connection ? connection->remote_address : std::string(),
      .x_forwarded_for = list_of(fields, field::x_forwarded_for),
      .x_forwarded_proto = text_of(fields, field::x_forwarded_proto),
      .authorization = text_of(fields, field::authorization),
      .referer = text_of(fields, field::referer),
      .user_agent = text_of(fields, field::user_agent),
      .x_request_id = text_of(fields, field::x_request_id),
      .accept = text_of(fields, field::accept),
  });
}

before_hook set_request_header(std::string name, std::string value) {
  check(name, value);
  return [name = std::move(name), value = std::move(value)](const context& ctx, request& req) {
    req.headers.set(name, value);
    return ctx;
  };
}

after_hook set_response_header(std::string name, std::string value) {
  check(name, value);
  return [name = std::move(name), value = std::move(value)](const context& ctx, response& r) {
    r.headers.set(name, value);
    return ctx;
  };
}

after_hook set_content_type(std::string value) {
  return set_response_header("Content-Type", std::move(value));
}

}  // namespace kit::http
