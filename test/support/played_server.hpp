#pragma once

#include <optional>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>

#include <kit/context.hpp>
#include <kit/error.hpp>
#include <kit/result.hpp>
#include <kit/this_context.hpp>
#include <transports/http/handler.hpp>

namespace test {

namespace http = kit::http;

// A server's side: remembers what came, and answers that.
struct played {
  std::vector<http::request> requests;
  std::optional<kit::context> context;
  http::response answer = http::response::text(http::status::ok, "hello");
  std::optional<kit::error> failure;

  http::handler handler() {
    return [this](http::request req) { return take(*this, std::move(req)); };
  }
  static asio::awaitable<kit::result<http::response>> take(played& self, http::request req) {
    self.context = co_await kit::this_context();
    self.requests.push_back(std::move(req));
    if (self.failure) co_return kit::fail(*self.failure);
    co_return self.answer;
  }
};

}  // namespace test
