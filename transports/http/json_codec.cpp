#include <transports/http/json_codec.hpp>

#include <kit/http/syntax.hpp>

namespace kit::http {
namespace detail {
namespace {

bool is_json_type(std::string_view type) noexcept {
  if (type == "application/json") return true;
  type = trim_ows(type.substr(0, type.find(';')));
  if (iequals(type, "application/json")) return true;
  constexpr std::string_view suffix = "+json";
  return type.size() > suffix.size() && type.find('/') != type.npos &&
         iequals(type.substr(type.size() - suffix.size()), suffix);
}

}  // namespace

result<void> check_json_type(const headers& fields) {
  const auto type = fields.get(field::content_type);
  if (type && is_json_type(*type)) return {};
  const auto got = type ? type->substr(0, 64) : std::string_view("none");
  return fail(error(errc::invalid_argument,
                    "expected content of type application/json, got " + std::string(got))
                  .with(error_status{status::unsupported_media_type}));
}

result<void> check_length(const request& req, std::size_t max_bytes) {
  if (req.body.bytes().size() <= max_bytes) return {};
  return fail(
      error(errc::resource_exhausted, "body is longer than " + std::to_string(max_bytes) + " bytes")
          .with(error_status{status::content_too_large}));
}

bool takes_query(const request& req) noexcept {
  if (!req.body.empty()) return false;
  switch (req.method.known()) {
    case method::get:
    case method::head:
    case method::del:
      return true;
    default:
      return false;
  }
}

result<void> decode_parameters(query::decoder& into, const request& req) {
  if (auto done = into.path(req.params); !done) return done;
  if (auto done = into.query(req.query_string()); !done) return done;
  return into.finish();
}

std::vector<std::string_view> given_names(const query::decoder& into, const path_params& params) {
  std::vector<std::string_view> names;
  params.for_each([&](std::string_view name, std::string_view) {
    if (into.has(name)) names.push_back(name);
  });
  return names;
}

json::input object_text(request& req) {
  return req.body.empty() ? json::input("{}") : json::input(req.body.storage());
}

result<void> set_status(response& r, int code) {
  if (code < 200 || code > 599) {
    return fail(errc::internal, "no final status: " + std::to_string(code));
  }
  r.status = static_cast<status>(code);
  return {};
}

}  // namespace detail

result<void> json_encoder<response>::operator()(response&& resp, response& r) const {
  auto fields = std::move(r.headers);
  r = std::move(resp);
  if (!fields.empty()) {
    add_fields(fields, r.headers);
    r.headers = std::move(fields);
  }
  return {};
}

}  // namespace kit::http
