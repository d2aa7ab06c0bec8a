#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kit/codec/json.hpp>
#include <kit/codec/query.hpp>
#include <kit/endpoint.hpp>
#include <kit/error.hpp>
#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <kit/reflect.hpp>
#include <kit/result.hpp>
#include <transports/http/status_of.hpp>

/// How typed endpoints' requests are read and responses written unless said otherwise.
namespace kit::http {

/// A response type that chooses its status: `status_code()` returns an `http::status` or a number.
/// Source: Go kit's StatusCoder.
template <class Resp>
concept status_coder = requires(const Resp& r) {
  { r.status_code() } -> std::convertible_to<int>;
} || requires(const Resp& r) {
  { r.status_code() } -> std::convertible_to<status>;
};

/// A response type with fields for the answer: `headers()` returns `http::headers`.
/// Source: Go kit's Headerer.
template <class Resp>
concept headerer = requires(const Resp& r) {
  { r.headers() } -> std::convertible_to<const headers&>;
};

namespace detail {

inline constexpr std::string_view json_type = "application/json; charset=utf-8";

/// Structs that JSON writes as objects of their fields.
template <class T>
concept json_object = reflect::aggregate<T> &&
                      requires { requires json::codec<T>::kinds == json::bit(json::kind::object); };

/// 415 for content that doesn't say to be JSON.
result<void> check_json_type(const headers& fields);
/// 413 for content that is longer.
result<void> check_length(const request& req, std::size_t max_bytes);
/// Whether parameters stand in the query: GET, HEAD and DELETE, when they have no content.
bool takes_query(const request& req) noexcept;
/// Path, then query.
result<void> decode_parameters(query::decoder& into, const request& req);
/// The parameters that fill a field.
std::vector<std::string_view> given_names(const query::decoder& into, const path_params& params);
/// The content, or `{}` for none.
json::input object_text(request& req);

result<void> set_status(response& r, int code);

}  // namespace detail

/// Reads a Req from a request:
///  - of GET, HEAD and DELETE without content, from the parameters of path and query, by the names
///    of its fields; the path goes before the query. See `kit/codec/query.hpp`.
///  - else from the content, as JSON; the parameters of the path then overrule its fields, and
///    fill required ones. No content counts as `{}`, so that a type without required fields needs
///    none.
/// An `http::request` is taken as it is.
///
/// Content that isn't streamed has to be within the server's `limits.max_body_bytes`, 1 MiB, before
/// `options.max_bytes`, 64 MiB, counts.
///
/// The content's type is not looked at, as in Go kit: curl -d and many a script name the wrong one.
/// With `check_type`, content that doesn't say to be `application/json` or `...+json` is refused,
/// also where it says nothing. That keeps browsers from sending content across origins without
/// asking first: they need not ask for three other types, nor for content without one. Requests
/// without content are let through.
///
/// Errors: 400 (`errc::invalid_argument`), naming the field and the place; 415 for a type that is
///         refused; 413 for content that is longer than `options.max_bytes`.
template <class Req>
struct json_decoder {
  json::decode_options options = {};
  bool check_type = false;

  std::size_t max_body_bytes() const noexcept { return options.max_bytes; }

  result<Req> operator()(request& req) const {
    if (check_type && !req.body.empty()) {
      if (auto fits = detail::check_json_type(req.headers); !fits) return fail(fits.error());
    }
    if (auto fits = detail::check_length(req, options.max_bytes); !fits) return fail(fits.error());
    if constexpr (!detail::json_object<Req>) {
      return json::decode<Req>(req.body.storage(), options);
    } else if constexpr (!std::default_initializable<Req>) {
      return json::decode<Req>(detail::object_text(req), options);
    } else {
      result<Req> out(expected_ns::in_place);
      if (auto done = read(req, *out); !done) out = fail(std::move(done).error());
      return out;
    }
  }

 private:
  result<void> read(request& req, Req& into) const {
    const bool from_query = detail::takes_query(req);
    if (!from_query && req.params.empty()) {
      return json::decode_into(into, detail::object_text(req), options);
    }
    query::decoder parameters(into);
    if (from_query) return detail::decode_parameters(parameters, req);
    const auto given = detail::given_names(parameters, req.params);
    auto with_given = options;
    with_given.given = given;
    auto done = json::decode_into(into, detail::object_text(req), with_given);
    return done ? parameters.path(req.params) : done;
  }
};

template <>
struct json_decoder<request> {
  result<request> operator()(request& req) const { return std::move(req); }
};

/// For endpoints that want nothing of the request. Source: Go kit's NopRequestDecoder.
inline empty decode_nothing(const request&) {
  return {};
}

/// Writes a Resp as JSON and a line break, with the type `application/json; charset=utf-8`. The
/// status is that of a `status_coder`, the fields of a `headerer` are added. A response that has no
/// content by its status, e.g. 204, gets none. An `http::response` is taken as it is.
///
/// Nothing is written when the value has no JSON form, e.g. for NaN (`errc::internal`).
/// Source: Go kit's EncodeJSONResponse.
template <class Resp>
struct json_encoder {
  json::encode_options options = {.escape_html = true};

  result<void> operator()(const Resp& resp, response& r) const {
    if constexpr (status_coder<Resp>) {
      if (auto done = detail::set_status(r, static_cast<int>(resp.status_code())); !done) {
        return done;
      }
    }
    if (!is_bodiless(r.status)) {
      std::string& text = r.body.storage();
      if (auto done = json::append(text, resp, options); !done) return done;
      text += '\n';
      r.headers.set(field::content_type, detail::json_type);
    }
    if constexpr (headerer<Resp>) add_fields(r.headers, resp.headers());
    return {};
  }
};

template <>
struct json_encoder<response> {
  result<void> operator()(response&& resp, response& r) const;
};

/// The error with `value` as the content of its answer, in JSON; the error as it is when the value
/// has no JSON form. Source: Go kit's errors that implement json.Marshaler.
template <class T>
error with_json_body(const error& e, const T& value) {
  auto text = json::encode(value, {.escape_html = true});
  return text ? e.with(error_body{.content = *std::move(text)}) : e;
}

}  // namespace kit::http
