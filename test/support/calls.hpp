#pragma once

#include <chrono>
#include <string>

#include <asio/awaitable.hpp>

#include <kit/endpoint.hpp>
#include <kit/error.hpp>
#include <kit/interceptor.hpp>
#include <kit/timer.hpp>

/// An endpoint whose calls end as they are told, for tests of what is put around it.
namespace test {

struct request {
  std::string want;
};
struct response {
  std::string err;  // of the business
  std::string failed() const { return err; }
};
using endpoint = kit::endpoint<request, response>;

inline asio::awaitable<response> handle(request r) {
  using namespace std::chrono_literals;
  if (r.want == "wait") co_await kit::sleep_for(1h);
  if (r.want == "slow") co_await kit::sleep_for(200ms);
  if (r.want == "error") throw kit::error(kit::errc::internal, "broken");
  if (r.want == "not found") throw kit::error(kit::errc::not_found, "nobody");
  if (r.want == "business") co_return response{"no funds"};
  co_return response{};
}

struct refusing {
  static kit::result<void> enter(kit::call&) {
    return kit::fail(kit::errc::resource_exhausted, "too much");
  }
};

}  // namespace test
