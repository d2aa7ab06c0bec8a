#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <kit/service.hpp>
#include <transports/http/endpoint_of.hpp>

namespace kit::http {

/// The service struct whose endpoints call a server that has the service mounted at that URL: each
/// by POST to its name below it, JSON both ways; what `router::mount(prefix, service)` serves.
///
///     auto add = http::client_of<AddService>(client, "http://10.0.0.7:8080");
///     auto r = co_await add.sum({.a = 1, .b = 2});
///
/// The options are those of every endpoint. `base_url` may end in a slash; it has no query.
template <service S>
S client_of(handler client, std::string base_url, const endpoint_options& options = {}) {
  if (!base_url.ends_with('/')) base_url += '/';
  return make_service<S>([&]<class Req, class Resp>(std::string_view name, std::type_identity<Req>,
                                                    std::type_identity<Resp>) {
    return endpoint_of<Req, Resp>(client, method::post, base_url + std::string(name), options);
  });
}

}  // namespace kit::http
