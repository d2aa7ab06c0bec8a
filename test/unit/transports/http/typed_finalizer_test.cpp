#include <deque>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include <kit/this_context.hpp>
#include <kit/timer.hpp>
#include <transports/http/handler_of.hpp>
#include <transports/http/hooks.hpp>

#include "test/support/typed_call.hpp"

namespace http = kit::http;
using namespace std::chrono_literals;
using typed_call::answer;
using typed_call::get;

namespace {

struct question {};
struct reply {};

/// What the finalizers saw, each time.
struct record {
  std::string target;
  int status = 0;
  std::uint64_t bytes = 0;
  std::optional<kit::errc> failure;
  http::headers fields;
  std::string value;  // from the context
};
using records = std::vector<record>;

struct note {
  std::string text;
};

http::finalizer into(records& all) {
  return [&all](const kit::context& ctx, const http::exchange& e) {
    const auto* n = ctx.get<note>();
    all.push_back({e.request.target, http::to_int(e.status), e.response_bytes,
                   e.failure ? std::optional(e.failure->code()) : std::nullopt, e.response_headers,
                   n ? n->text : ""});
  };
}

kit::endpoint<question, reply> answers() {
  return [](question) -> asio::awaitable<reply> { co_return reply{}; };
}

question decode(http::request&) {
  return {};
}

/// An encoder that answers with that body.
auto encode(http::body content) {
  return [content](const reply&, http::response& r) { r.body = content; };
}

/// A stream of chunks that ends, or breaks off.
class chunks final : public http::body_source {
 public:
  explicit chunks(std::deque<std::string> parts, bool breaks = false)
      : parts_(std::move(parts)), breaks_(breaks) {}

  asio::awaitable<std::optional<std::string>> read() override {
    co_await asio::post(asio::use_awaitable);
    if (parts_.empty()) {
      if (breaks_) throw kit::error(kit::errc::data_loss, "disk on fire");
      trailers_.set("X-Checksum", "42");
      co_return std::nullopt;
    }
    auto part = std::move(parts_.front());
    parts_.pop_front();
    co_return part;
  }
  std::optional<std::uint64_t> size() const noexcept override { return 11; }
  const http::headers& trailers() const noexcept override { return trailers_; }

 private:
  std::deque<std::string> parts_;
  bool breaks_;
  http::headers trailers_;
};

http::body stream(std::deque<std::string> parts, bool breaks = false) {
  return http::body(std::make_shared<chunks>(std::move(parts), breaks));
}

}  // namespace

TEST_CASE(
    "finalizer: it gets status, size, headers, request and the last context "
    "[transport/http/server:13]") {
  records seen;
  const auto h = http::handler_of(
      answers(), decode,
      [](const reply&, http::response& r) {
        r.status = http::status::im_a_teapot;
        r.body = http::body("go eat a fly ugly\n");
      },
      {.before = {[](const kit::context& ctx, http::request&) { return ctx.with(note{"before"}); }},
       .after = {http::set_response_header("X-Henlo-Lizer", "Yes"),
                 [](const kit::context& ctx, http::response&) {
                   return ctx.with(note{ctx.get<note>()->text + ", after"});
                 }},
       .finalizers = {into(seen), into(seen)}});
  const auto r = answer(h, get("/lizard?x=1"));
  CHECK(r.body.bytes() == "go eat a fly ugly\n");
  REQUIRE(seen.size() == 2);
  for (const auto& s : seen) {
    CHECK(s.target == "/lizard?x=1");
    CHECK(s.status == 418);
    CHECK(s.bytes == 18);
    CHECK(s.fields == r.headers);
    CHECK(s.fields.get("x-henlo-lizer") == "Yes");
    CHECK(s.value == "before, after");
    CHECK_FALSE(s.failure);
  }
}

TEST_CASE(
    "finalizer: when the after hooks were not reached it gets the context of the before hooks "
    "[transport/http/server:13]") {
  records seen;
  const auto h = http::handler_of(
      kit::endpoint<question, reply>([](question) -> asio::awaitable<kit::result<reply>> {
        co_return kit::fail(kit::errc::not_found, "no such lizard");
      }),
      decode, encode({}),
      {.before = {[](const kit::context& ctx, http::request&) { return ctx.with(note{"before"}); }},
       .after = {[](const kit::context& ctx, http::response&) { return ctx.with(note{"after"}); }},
       .finalizers = {into(seen)}});
  const auto r = answer(h, get("/"));
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].value == "before");
  CHECK(seen[0].status == 404);
  CHECK(seen[0].bytes == r.body.bytes().size());
  CHECK(seen[0].fields == r.headers);
  CHECK(seen[0].failure == kit::errc::not_found);
}

TEST_CASE(
    "finalizer: the status is 200 when nobody set one, else the one answered "
    "[transport/http/server:14]") {
  records seen;
  const http::handler_options options{.finalizers = {into(seen)}};
  answer(http::handler_of(answers(), decode, encode("x"), options), get("/"));
  const kit::endpoint<question, reply> throws = [](question) -> asio::awaitable<reply> {
    throw std::runtime_error("oops");
    co_return reply{};
  };
  const auto r = answer(http::handler_of(throws, decode, encode("x"), options), get("/"));
  CHECK(r.status == http::status::internal_server_error);
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].status == 200);
  CHECK(seen[1].status == 500);  // Go kit says 200 here, though 200 isn't what the client gets
  CHECK(seen[1].failure == kit::errc::unknown);
}

TEST_CASE(
    "finalizer: after a failed encoder it sees what the client gets "
    "[not transport/http/server:D1]") {
  records seen;
  const auto h = http::handler_of(answers(), decode,
                                  [](const reply&, http::response& r) {
                                    r.status = http::status::ok;
                                    r.headers.set("X-Half", "done");
                                    r.body = http::body("half of it");
                                    throw kit::error(kit::errc::data_loss, "lost");
                                  },
                                  {.finalizers = {into(seen)}});
  const auto r = answer(h, get("/"));
  CHECK(r.status == http::status::internal_server_error);
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].status == 500);
  CHECK(seen[0].bytes == 4);
  CHECK_FALSE(seen[0].fields.contains("X-Half"));
}

TEST_CASE("finalizer: one that throws keeps no other from running, and is reported") {
  records seen;
  std::vector<std::string> reported;
  const auto h = http::handler_of(answers(), decode, encode("x"),
                                  {.error_handler =
                                       [&](const kit::context&, const kit::error& e) {
                                         reported.emplace_back(e.message());
                                         throw 1;
                                       },
                                   .finalizers = {into(seen),
                                                  [](const kit::context&, const http::exchange&) {
                                                    throw std::runtime_error("finalizer broke");
                                                  },
                                                  into(seen)}});
  CHECK(answer(h, get("/")).status == http::status::ok);
  CHECK(seen.size() == 2);
  CHECK(reported == std::vector<std::string>{"finalizer broke"});
}

TEST_CASE(
    "finalizer: a streamed answer still streams, with its size and trailers, and is counted "
    "[transport/http/server:15] [not transport/http/server:D4]") {
  records seen;
  kit::testing::loop loop;
  const auto h = http::handler_of(answers(), decode, encode(stream({"hello", " world"})),
                                  {.finalizers = {into(seen)}});
  auto r = answer(loop, h, get("/"));
  REQUIRE(r.body.is_stream());
  CHECK(r.body.size() == 11);
  CHECK(seen.empty());
  const auto next = [&] {
    auto call = loop.start(r.body.read());
    return call.value();
  };
  CHECK(next() == "hello");
  CHECK(next() == " world");
  CHECK(seen.empty());
  CHECK(next() == std::nullopt);
  CHECK(r.body.trailers().get("x-checksum") == "42");
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].bytes == 11);
  CHECK(seen[0].status == 200);
  CHECK_FALSE(seen[0].failure);
  CHECK(next() == std::nullopt);
  r.body = {};
  CHECK(seen.size() == 1);
}

TEST_CASE("finalizer: without one the content is handed on as it is [transport/http/server:16]") {
  const auto source = std::make_shared<chunks>(std::deque<std::string>{"x"});
  const auto answered_by = [&](http::handler_options options) {
    const auto h =
        http::handler_of(answers(), decode, encode(http::body(source)), std::move(options));
    return answer(h, get("/")).body.source();
  };
  records seen;
  CHECK(answered_by({}) == source);
  CHECK(answered_by({.after = {http::set_content_type("text/plain")}}) == source);
  CHECK(answered_by({.finalizers = {into(seen)}}) != source);
}

TEST_CASE("finalizer: a stream that breaks off is told with what was sent of it") {
  records seen;
  std::vector<std::string> reported;
  kit::testing::loop loop;
  const auto h = http::handler_of(
      answers(), decode, encode(stream({"hello"}, true)),
      {.error_handler = [&](const kit::context&,
                            const kit::error& e) { reported.emplace_back(e.message()); },
       .finalizers = {into(seen)}});
  auto r = answer(loop, h, get("/"));
  loop.start(r.body.read());
  CHECK(loop.start(r.body.read()).error() == kit::errc::data_loss);
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].bytes == 5);
  CHECK(seen[0].status == 200);
  CHECK(seen[0].failure == kit::errc::data_loss);
  CHECK(reported == std::vector<std::string>{"disk on fire"});
}

TEST_CASE("finalizer: a stream of known size is whole when so much of it was read") {
  records seen;
  kit::testing::loop loop;
  const auto h = http::handler_of(answers(), decode, encode(stream({"hello", " world"})),
                                  {.finalizers = {into(seen)}});
  auto r = answer(loop, h, get("/"));
  for (int i = 0; i < 2; ++i)
    loop.start(r.body.read());
  r = {};
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].bytes == 11);
  CHECK_FALSE(seen[0].failure);
}

TEST_CASE("finalizer: a stream that nobody reads to its end was abandoned") {
  records seen;
  kit::testing::loop loop;
  const auto h = http::handler_of(answers(), decode, encode(stream({"hello", "world"})),
                                  {.finalizers = {into(seen)}});
  auto r = answer(loop, h, get("/"));
  loop.start(r.body.read());
  CHECK(seen.empty());
  r = {};
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].bytes == 5);
  CHECK(seen[0].failure == kit::errc::canceled);
}

TEST_CASE("finalizer: where the protocol has no content, none is counted") {
  records seen;
  kit::testing::loop loop;
  const auto run = [&](http::method m, http::body content, http::status status) {
    const auto h = http::handler_of(answers(), decode,
                                    [content, status](const reply&, http::response& r) {
                                      r.status = status;
                                      r.body = content;
                                    },
                                    {.finalizers = {into(seen)}});
    answer(loop, h, {.method = m});
    REQUIRE_FALSE(seen.empty());
    CHECK_FALSE(seen.back().failure);
    return std::exchange(seen, {}).back().bytes;
  };
  CHECK(run(http::method::get, "hello", http::status::ok) == 5);
  CHECK(run(http::method::head, "hello", http::status::ok) == 0);
  CHECK(run(http::method::head, stream({"hello"}), http::status::ok) == 0);
  CHECK(run(http::method::get, "hello", http::status::no_content) == 0);
  CHECK(run(http::method::get, stream({"hello"}), http::status::not_modified) == 0);
}

namespace {

asio::awaitable<reply> sleeps(question) {
  co_await kit::sleep_for(1h);
  co_return reply{};
}

}  // namespace

TEST_CASE("finalizer: it runs once when the call is cancelled while the endpoint runs") {
  records seen;
  kit::testing::loop loop;
  const auto h = http::handler_of(
      kit::endpoint<question, reply>(sleeps), decode, encode("late"),
      {.before = {[](const kit::context& ctx, http::request&) { return ctx.with(note{"before"}); }},
       .finalizers = {into(seen)}});
  auto call = loop.start(h.try_call(get("/slow")));
  REQUIRE(call.pending());
  CHECK(seen.empty());
  call.cancel();
  loop.run();
  REQUIRE(call.done());
  CHECK(call.value()->status == http::status::client_closed_request);
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].status == 499);
  CHECK(seen[0].failure == kit::errc::canceled);
  CHECK(seen[0].value == "before");
}

TEST_CASE("finalizer: it runs once when the call is destroyed while the endpoint runs") {
  records seen;
  const auto h = http::handler_of(kit::endpoint<question, reply>(sleeps), decode, encode("late"),
                                  {.finalizers = {into(seen)}});
  {
    kit::testing::loop loop;
    auto call = loop.start(h.try_call(get("/slow")));
    REQUIRE(call.pending());
  }
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].target == "/slow");
  CHECK(seen[0].status == 499);
  CHECK(seen[0].failure == kit::errc::canceled);
}

TEST_CASE("finalizer: a request whose time ran out has failed by that, not by a cancellation") {
  records seen;
  kit::testing::loop loop;
  const auto h = http::handler_of(kit::endpoint<question, reply>(sleeps), decode, encode("late"),
                                  {.finalizers = {into(seen)}});
  kit::cancel_source request;
  auto call = loop.start(kit::with_context(request.context(), h.try_call(get("/slow"))));
  request.cancel(kit::errc::deadline_exceeded);
  loop.run();
  REQUIRE(call.done());
  CHECK(call.value()->status == http::status::gateway_timeout);
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].failure == kit::errc::deadline_exceeded);
}
