#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <kit/codec/json.hpp>
#include <kit/codec/query.hpp>
#include <kit/codec/xml.hpp>
#include <kit/endpoint.hpp>
#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <kit/reflect.hpp>
#include <kit/result.hpp>
#include <transports/http/json_codec.hpp>
#include <transports/http/status_of.hpp>

/// How requests of typed calls are written and answers read unless said otherwise: the other side
/// of `json_codec.hpp`.
namespace kit::http {

namespace detail {

/// Whether parameters go into the query: of GET, HEAD and DELETE.
bool puts_query(const request& req) noexcept;
bool has_placeholders(const request& req) noexcept;
/// Puts the parameters (as a query) into the places of their names in the target's path, and the
/// rest into its query if wanted.
/// Errors: `errc::invalid_argument` for a place without a parameter, or an empty one.
result<void> fill_target(request& req, std::string_view parameters, bool rest_into_query);
void set_content(request& req, std::string content, std::string_view type);

template <class Req>
result<void> set_parameters(request& req, const Req& value, bool into_query) {
  if constexpr (json_object<Req>) {
    auto all = query::encode_parameters(value);
    if (!all) return fail(std::move(all).error());
    return fill_target(req, *all, into_query);
  } else {
    return fill_target(req, {}, into_query);
  }
}

}  // namespace detail

/// Writes a Req into a request:
///  - its fields into the places `{name}` of the target's path, percent-encoded,
///  - of GET, HEAD and DELETE the others into the query; see `kit/codec/query.hpp`. They must all
///    be parameters.
///  - else the whole as JSON and a line break, of the type `application/json; charset=utf-8`.
/// The fields of a `headerer` are set. An `http::request` is sent as it is, if it has a target of
/// its own. Else, as its target is `/`, it goes to the endpoint's, and by the endpoint's method if
/// its own is GET.
///
/// Errors: `errc::invalid_argument` for a place in the path that has no value, `errc::internal` for
///         a value that has no JSON form.
/// Source: Go kit's EncodeJSONRequest.
template <class Req>
struct json_request_encoder {
  json::encode_options options = {.escape_html = true};

  result<void> operator()(const Req& value, request& req) const {
    const bool query = detail::json_object<Req> && detail::puts_query(req);
    if (query || detail::has_placeholders(req)) {
      if (auto done = detail::set_parameters(req, value, query); !done) return done;
    }
    if (!query) {
      std::string text;
      if (auto done = json::append(text, value, options); !done) return done;
      text += '\n';
      detail::set_content(req, std::move(text), detail::json_type);
    }
    if constexpr (headerer<Req>) set_fields(req.headers, value.headers());
    return {};
  }
};

template <>
struct json_request_encoder<request> {
  result<void> operator()(request&& value, request& req) const;
};

/// Writes a Req as XML, of the type `text/xml; charset=utf-8`; see `kit/codec/xml.hpp`. The fields
/// of a `headerer` are set. Source: Go kit's EncodeXMLRequest.
template <class Req>
struct xml_request_encoder {
  result<void> operator()(const Req& value, request& req) const {
    auto text = xml::encode(value);
    if (!text) return fail(std::move(text).error());
    detail::set_content(req, *std::move(text), "text/xml; charset=utf-8");
    if constexpr (headerer<Req>) set_fields(req.headers, value.headers());
    return {};
  }
};

/// Reads a Resp from the JSON content of an answer of status 2xx; no content counts as `{}` for
/// types with fields. Any other status is an error, see `check_status`. An `http::response` is
/// taken as it is, whatever its status.
///
/// Errors: `errc::internal` for an answer that isn't what was expected, naming the place;
///         `errc::resource_exhausted` for streamed content longer than `options.max_bytes`.
template <class Resp>
struct json_response_decoder {
  json::decode_options options = {};

  std::size_t max_body_bytes() const noexcept { return options.max_bytes; }

  result<Resp> operator()(response& r) const {
    if (auto fine = check_status(r); !fine) return fail(std::move(fine).error());
    auto value = read(r);
    if (!value) {
      return fail(error(errc::internal, "the answer: " + std::string(value.error().message())));
    }
    return value;
  }

 private:
  result<Resp> read(response& r) const {
    if (detail::json_object<Resp> && r.body.empty()) return json::decode<Resp>("{}", options);
    return json::decode<Resp>(r.body.storage(), options);
  }
};

template <>
struct json_response_decoder<response> {
  result<response> operator()(response& r) const { return std::move(r); }
};

}  // namespace kit::http
