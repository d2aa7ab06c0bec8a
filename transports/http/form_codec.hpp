#pragma once

#include <cstddef>
#include <utility>

#include <kit/codec/form.hpp>
#include <kit/http/request.hpp>
#include <kit/result.hpp>
#include <transports/http/json_codec.hpp>

/// Typed endpoints behind HTML forms.
namespace kit::http {

namespace detail {

/// 415 for content that is no form.
result<void> check_form_type(const headers& fields);
/// The path, then the content.
result<void> decode_form(form::decoder& into, const request& req);

}  // namespace detail

/// Reads a Req from the HTML form of a request:
///
///     router.post("/profile", http::handler_of(ep, http::form_decoder<profile>{},
///                                              http::json_encoder<profile>{}));
///
///  - of GET, HEAD and DELETE without content, from the parameters of path and query, as
///    `json_decoder`: there browsers put the forms.
///  - else from content of type application/x-www-form-urlencoded or multipart/form-data, see
///    `kit/codec/form.hpp`. Parameters of the path go before its fields. No content counts as a
///    form without fields.
///
/// The content is kept in memory. For files that are too large for that, take the `http::request`
/// and a `multipart_reader`.
///
/// Before the limits of `options` comes the server's: `limits.max_body_bytes`, 1 MiB, unless the
/// body is streamed to this decoder. For larger forms raise it, or make the route a `streaming`
/// one.
///
/// A browser sends a form to any site without asking that site first: an endpoint that changes
/// something for whoever is logged in must look at `Origin` or a token of its own.
///
/// Errors: 400 (`errc::invalid_argument`), naming the field; 415 for another content type; 413 past
///         a limit of `options` or the server's.
template <form::fields Req>
struct form_decoder {
  form::decode_options options = {};

  std::size_t max_body_bytes() const noexcept { return options.max_bytes; }

  result<Req> operator()(request& req) const {
    result<Req> out(expected_ns::in_place);
    if (auto done = read(req, *out); !done) out = fail(std::move(done).error());
    return out;
  }

 private:
  result<void> read(request& req, Req& into) const {
    if (detail::takes_query(req)) {
      query::decoder parameters(into);
      return detail::decode_parameters(parameters, req);
    }
    form::decoder fields(into, options);
    return detail::decode_form(fields, req);
  }
};

}  // namespace kit::http
