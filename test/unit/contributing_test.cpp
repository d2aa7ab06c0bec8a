// The code of CONTRIBUTING.md: the lines between `// [name]` and `// [end]` stand there.
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <doctest/doctest.h>
#include <asio/awaitable.hpp>

#include <kit/codec/json.hpp>
#include <kit/endpoint.hpp>
#include <kit/interceptor.hpp>
#include <kit/result.hpp>
#include <kit/service.hpp>
#include <kit/testing/loop.hpp>
#include <kit/timer.hpp>

using namespace std::chrono_literals;

namespace {

struct sum_request {
  int a = 0;
  int b = 0;
};
struct sum_response {
  int v = 0;
};
struct add_service {
  kit::endpoint<sum_request, sum_response> sum;
};

asio::awaitable<sum_response> sum(sum_request r) {
  co_return sum_response{.v = r.a + r.b};
}
asio::awaitable<sum_response> slow_sum(sum_request r) {
  co_await kit::sleep_for(1s);
  co_return sum_response{.v = r.a + r.b};
}

}  // namespace

// [bulkhead]
/// Settings of a `bulkhead`.
struct bulkhead_options {
  /// Calls at a time, at least 1.
  std::size_t limit = 64;
};

/// Refuses a call while `limit` others are under way, with `errc::resource_exhausted`. Copies count
/// together, so all endpoints that one is put around share the limit. Threads: any.
class bulkhead {
 public:
  explicit bulkhead(bulkhead_options options = {}) : options_(options) {}

  kit::result<void> enter(kit::call& c) {
    if (running_->fetch_add(1) < options_.limit) return {};
    running_->fetch_sub(1);
    return kit::fail(kit::errc::resource_exhausted,
                     "bulkhead: too many calls of " + std::string(c.name()));
  }
  void leave(kit::call&) noexcept { running_->fetch_sub(1); }

 private:
  bulkhead_options options_;
  std::shared_ptr<std::atomic<std::size_t>> running_ =
      std::make_shared<std::atomic<std::size_t>>(0);
};
// [end]

// [bulkhead test]
TEST_CASE("bulkhead: refuses what is above the limit, and lets in again what comes after") {
  kit::testing::loop loop;
  const auto add = kit::wrap(add_service{.sum = slow_sum}, bulkhead({.limit = 1}));
  const auto first = loop.start(add.sum(sum_request{1, 2}));
  const auto second = loop.start(add.sum(sum_request{3, 4}));
  CHECK(first.pending());
  CHECK(second.error() == kit::errc::resource_exhausted);

  loop.advance(1s);
  CHECK(first.value().v == 3);
  CHECK(loop.start(add.sum(sum_request{5, 6})).pending());
}
// [end]

// [methods]
// A method of any type, as bytes to bytes.
using wire_endpoint = kit::endpoint<std::string, std::string>;

template <class Req, class Resp>
asio::awaitable<kit::result<std::string>> serve(kit::endpoint<Req, Resp> ep, std::string text) {
  auto req = kit::json::decode<Req>(text);
  if (!req) co_return kit::fail(std::move(req).error());
  auto resp = co_await ep.try_call(*std::move(req));
  if (!resp) co_return kit::fail(std::move(resp).error());
  co_return kit::json::encode(*resp);
}

// Made once, when the server is.
template <kit::service S>
std::map<std::string, wire_endpoint, std::less<>> methods_of(S service) {
  std::map<std::string, wire_endpoint, std::less<>> methods;
  kit::for_each_endpoint(service, [&methods](std::string_view name, const auto& ep) {
    methods[std::string(name)] = [ep](std::string text) { return serve(ep, std::move(text)); };
  });
  return methods;
}
// [end]

// [client]
// `remote` gives the endpoint that sends bytes to a method and yields the bytes of the answer.
template <class Req, class Resp>
asio::awaitable<kit::result<Resp>> call(wire_endpoint remote, Req req) {
  auto text = kit::json::encode(req);
  if (!text) co_return kit::fail(std::move(text).error());
  auto answer = co_await remote.try_call(*std::move(text));
  if (!answer) co_return kit::fail(std::move(answer).error());
  co_return kit::json::decode<Resp>(*answer);
}

template <kit::service S>
S client_of(const std::function<wire_endpoint(std::string_view)>& remote) {
  return kit::make_service<S>([&remote]<class Req, class Resp>(std::string_view name,
                                                               std::type_identity<Req>,
                                                               std::type_identity<Resp>) {
    return [ep = remote(name)](Req req) { return call<Req, Resp>(ep, std::move(req)); };
  });
}
// [end]

TEST_CASE("a transport: a client of a service reaches it by method names and bytes") {
  kit::testing::loop loop;
  const auto methods = methods_of(add_service{.sum = sum});
  const auto remote = client_of<add_service>(
      [&methods](std::string_view name) { return methods.find(name)->second; });
  CHECK(loop.start(remote.sum(sum_request{1, 2})).value().v == 3);
}

TEST_CASE("a transport: what fails on the other side fails here") {
  kit::testing::loop loop;
  const auto methods = methods_of(add_service{});
  const auto remote = client_of<add_service>(
      [&methods](std::string_view name) { return methods.find(name)->second; });
  CHECK(loop.start(remote.sum(sum_request{1, 2})).error() == kit::errc::unimplemented);
  CHECK(loop.start(methods.find("sum")->second("{")).error() == kit::errc::invalid_argument);
}
