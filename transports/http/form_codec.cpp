#include <transports/http/form_codec.hpp>

#include <string>

#include <transports/http/status_of.hpp>

namespace kit::http::detail {

result<void> check_form_type(const headers& fields) {
  const auto type = fields.get(field::content_type).value_or("");
  if (form::is_form_type(type)) return {};
  return fail(error(errc::invalid_argument,
                    "expected content of type application/x-www-form-urlencoded or "
                    "multipart/form-data, got " +
                        (type.empty() ? "none" : std::string(type.substr(0, 64))))
                  .with(error_status{status::unsupported_media_type}));
}

result<void> decode_form(form::decoder& into, const request& req) {
  if (auto done = into.path(req.params); !done) return done;
  if (!req.body.empty()) {
    if (auto fits = check_form_type(req.headers); !fits) return fits;
    auto done = into.content(*req.headers.get(field::content_type), req.body.bytes());
    if (!done && done.error() == errc::resource_exhausted) {
      return fail(done.error().with(error_status{status::content_too_large}));
    }
    if (!done) return done;
  }
  return into.finish();
}

}  // namespace kit::http::detail
