#pragma once

#include <string>
#include <utility>

#include <asio/awaitable.hpp>

#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <kit/testing/loop.hpp>
#include <transports/http/server.hpp>

/// Calling HTTP handlers in tests, without a server.
namespace test {

/// A handler that answers with `text`.
inline kit::http::handler says(std::string text) {
  struct fixed {
    std::string text;
    asio::awaitable<kit::result<kit::http::response>> try_call(const kit::http::request&) const {
      return give(kit::http::response::text(kit::http::status::ok, text));
    }
    static asio::awaitable<kit::result<kit::http::response>> give(kit::http::response r) {
      co_return std::move(r);
    }
  };
  return fixed{std::move(text)};
}

/// What `h` answers. Throws `kit::error` when it fails.
inline kit::http::response answer(const kit::http::handler& h, kit::http::request req) {
  kit::testing::loop loop;
  return loop.start(h(std::move(req))).value();
}
inline kit::http::response answer(const kit::http::handler& h, const kit::http::method& m,
                                  std::string target) {
  kit::http::request req;
  req.method = m;
  req.target = std::move(target);
  return answer(h, std::move(req));
}
inline kit::http::response answer(const kit::http::handler& h, std::string target) {
  return answer(h, kit::http::method::get, std::move(target));
}

}  // namespace test
