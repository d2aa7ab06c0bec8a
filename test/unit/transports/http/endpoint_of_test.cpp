#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/http/body.hpp>
#include <kit/http/pushed_body.hpp>
#include <kit/metadata.hpp>
#include <kit/monitor.hpp>
#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>
#include <transports/http/client_of.hpp>
#include <transports/http/endpoint_of.hpp>
#include <transports/http/router.hpp>

#include "test/support/played_server.hpp"

namespace http = kit::http;
using namespace std::chrono_literals;
using test::played;

namespace {

struct question {
  std::string foo;
};
struct reply {
  std::string text;
  http::body body = {};
};

struct mark {
  std::string text;
};

void ask(question q, http::request& req) {
  req.body = std::move(q.foo);
}
kit::result<reply> read_text(http::response& r) {
  return reply{r.body.is_stream() ? "" : std::string(r.body.text()), r.body};
}

template <class T>
kit::result<T> run(kit::testing::loop& loop, asio::awaitable<kit::result<T>> call) {
  return loop.start(std::move(call)).value();
}

// Content that can be read once.
class once final : public http::body_source {
 public:
  explicit once(std::string text, std::shared_ptr<bool> gone = nullptr)
      : text_(std::move(text)), gone_(std::move(gone)) {}
  ~once() override {
    if (gone_) *gone_ = true;
  }
  asio::awaitable<std::optional<std::string>> read() override {
    if (text_.empty()) co_return std::nullopt;
    co_return std::exchange(text_, {});
  }

 private:
  std::string text_;
  std::shared_ptr<bool> gone_;
};

}  // namespace

TEST_CASE(
    "endpoint_of: encode, before, send, after, decode, finalizers [transport/http/client:1]") {
  kit::testing::loop loop;
  std::string order;
  played server;
  const http::handler sends = [&](http::request req) {
    order += "send ";
    return played::take(server, std::move(req));
  };
  const auto ep = http::endpoint_of<question, reply>(
      sends, http::method::post, "http://a/b",
      [&](question, http::request&) { order += "encode "; },
      [&](http::response&) {
        order += "decode ";
        return reply{};
      },
      {.before = {[&](const kit::context& c, http::request&) {
                    order += "before1 ";
                    return c;
                  },
                  [&](const kit::context& c, http::request&) {
                    order += "before2 ";
                    return c;
                  }},
       .after = {[&](const kit::context& c, http::response&) {
                   order += "after1 ";
                   return c;
                 },
                 [&](const kit::context& c, http::response&) {
                   order += "after2 ";
                   return c;
                 }},
       .finalizers = {[&](const kit::context&, const http::call_end&) { order += "final1 "; },
                      [&](const kit::context&, const http::call_end&) { order += "final2 "; }}});
  CHECK(run(loop, ep.try_call(question{})).has_value());
  CHECK(order == "encode before1 before2 send after1 after2 decode final1 final2 ");
}

TEST_CASE(
    "endpoint_of: hooks change what is sent, see what came, and pass the context on "
    "[transport/http/client:2]") {
  kit::testing::loop loop;
  played server;
  server.answer.headers.set("X-The-Answer", "42");
  std::string seen;
  const auto ep = http::endpoint_of<question, reply>(
      server.handler(), http::method::get, "http://a/b", ask, read_text,
      {.before = {[](const kit::context& c, http::request& req) {
         req.headers.set("X-Mark", "1");
         return c.with(mark{"m"});
       }},
       .after = {[&](const kit::context& c, http::response& r) {
         seen = c.get<mark>()->text + std::string(r.headers.get("x-the-answer").value_or(""));
         return c;
       }}});
  CHECK(run(loop, ep.try_call(question{"q"}))->text == "hello");
  REQUIRE(server.requests.size() == 1);
  CHECK(server.requests[0].headers.get("x-mark") == "1");
  CHECK(server.requests[0].target == "http://a/b");
  CHECK(server.requests[0].body.text() == "q");
  CHECK(server.context->get<mark>()->text == "m");  // sent in the hooks' context
  CHECK(seen == "m42");
}

TEST_CASE(
    "endpoint_of: streamed content is closed when the call returns: reading on fails, and "
    "isn't just the end [transport/http/client:3]") {
  kit::testing::loop loop;
  played server;
  const auto gone = std::make_shared<bool>(false);
  server.answer.body = http::body(std::make_shared<once>("some", gone));
  const auto ep = http::endpoint_of<question, reply>(server.handler(), http::method::get,
                                                     "http://a/", ask, read_text);
  auto r = run(loop, ep.try_call(question{}));
  REQUIRE(r.has_value());
  REQUIRE(r->body.is_stream());
  auto read = loop.start(r->body.read());
  CHECK(read.error() == kit::errc::failed_precondition);
  server.answer.body = {};
  CHECK(*gone);
}

TEST_CASE(
    "endpoint_of: content that is kept open is read later; letting it go ends its context "
    "[transport/http/client:4]") {
  kit::testing::loop loop;
  played server;
  const std::string text(6000, 'x');
  server.answer.body = http::body(std::make_shared<once>(text));
  const auto ep = http::endpoint_of<question, reply>(
      server.handler(), http::method::get, "http://a/", ask, read_text, {.keep_body_open = true});
  auto r = run(loop, ep.try_call(question{}));
  REQUIRE(r.has_value());
  server.answer.body = {};
  loop.advance(1s);
  CHECK_FALSE(server.context->cancelled());
  CHECK(loop.start(r->body.read()).value() == text);
  CHECK(loop.start(r->body.read()).value() == std::nullopt);
  CHECK_FALSE(server.context->cancelled());
  r->body = {};
  CHECK(server.context->cancelled());
}

TEST_CASE("endpoint_of: content that is kept open is as long and as endless as what came") {
  const auto nothing = [](http::body_sink&) -> asio::awaitable<void> { co_return; };
  for (const bool endless : {false, true}) {
    kit::testing::loop loop;
    played server;
    server.answer.body = http::pushed_body(nothing, {.size = 7, .endless = endless});
    const auto ep = http::endpoint_of<question, reply>(
        server.handler(), http::method::get, "http://a/", ask, read_text, {.keep_body_open = true});
    const auto r = run(loop, ep.try_call(question{}));
    REQUIRE(r.has_value());
    CHECK(r->body.source() != server.answer.body.source());
    CHECK(r->body.size() == 7);
    CHECK(r->body.source()->endless() == endless);
  }
}

TEST_CASE(
    "endpoint_of: finalizers see the answer's fields and size, where there was one, and the "
    "error of any stage [transport/http/client:5]") {
  enum class fails { nowhere, encode, before, send, after, decode };
  for (const auto at :
       {fails::nowhere, fails::encode, fails::before, fails::send, fails::after, fails::decode}) {
    CAPTURE(static_cast<int>(at));
    kit::testing::loop loop;
    played server;
    server.answer.headers.set("X-A", "1");
    if (at == fails::send) server.failure = kit::error(kit::errc::unavailable, "send");
    int calls = 0;
    std::string error;
    std::string field;
    std::optional<std::uint64_t> size;
    const auto ep = http::endpoint_of<question, reply>(
        server.handler(), http::method::get, "http://a/",
        [&](question, http::request&) -> kit::result<void> {
          if (at == fails::encode) return kit::fail(kit::errc::invalid_argument, "encode");
          return {};
        },
        [&](http::response&) -> kit::result<reply> {
          if (at == fails::decode) return kit::fail(kit::errc::internal, "decode");
          return reply{};
        },
        {.before = {[&](const kit::context& c, http::request&) {
           if (at == fails::before) throw kit::error(kit::errc::aborted, "before");
           return c;
         }},
         .after = {[&](const kit::context& c, http::response&) {
           if (at == fails::after) throw kit::error(kit::errc::aborted, "after");
           return c;
         }},
         .finalizers = {[&](const kit::context&, const http::call_end& end) {
           ++calls;
           if (end.failure) error = end.failure->message();
           if (end.response_headers) field = *end.response_headers->get("x-a");
           size = end.response_bytes;
         }}});
    const auto r = run(loop, ep.try_call(question{}));
    CHECK(calls == 1);
    CHECK(r.has_value() == (at == fails::nowhere));
    const char* const names[] = {"", "encode", "before", "send", "after", "decode"};
    CHECK(error == names[static_cast<int>(at)]);
    if (!r) CHECK(r.error().message() == error);
    const bool answered = at == fails::nowhere || at >= fails::after;
    CHECK(field == (answered ? "1" : ""));
    CHECK(size == (answered ? std::optional<std::uint64_t>(5) : std::nullopt));
  }
}

TEST_CASE("endpoint_of: the size of streamed content may be unknown [transport/http/client:5]") {
  kit::testing::loop loop;
  played server;
  server.answer.body = http::body(std::make_shared<once>("x"));
  bool called = false;
  const auto ep = http::endpoint_of<question, reply>(
      server.handler(), http::method::get, "http://a/", ask, read_text,
      {.finalizers = {[&](const kit::context&, const http::call_end& end) {
         called = true;
         CHECK(end.response_headers);
         CHECK(end.status == http::status::ok);
         CHECK(end.response_bytes == std::nullopt);
       }}});
  CHECK(run(loop, ep.try_call(question{})).has_value());
  CHECK(called);
}

TEST_CASE(
    "endpoint_of: finalizers run when the context has ended and the content is closed "
    "[transport/http/client:6]") {
  kit::testing::loop loop;
  played server;
  const auto gone = std::make_shared<bool>(false);
  server.answer.body = http::body(std::make_shared<once>("some", gone));
  bool called = false;
  const auto ep = http::endpoint_of<question, reply>(
      server.handler(), http::method::get, "http://a/", ask,
      [&](http::response& r) {
        server.answer.body = {};
        return reply{"", r.body};
      },
      {.finalizers = {[&](const kit::context& c, const http::call_end&) {
         called = true;
         CHECK(c.cancelled());
         CHECK(server.context->cancelled());
         CHECK(*gone);
       }}});
  CHECK(run(loop, ep.try_call(question{})).has_value());
  CHECK(called);
}

TEST_CASE("endpoint_of: finalizers see a call that was cancelled") {
  kit::testing::loop loop;
  int calls = 0;
  std::optional<kit::errc> why;
  const http::handler never = [](http::request) -> asio::awaitable<http::response> {
    co_await kit::sleep_for(1h);
    co_return http::response{};
  };
  const auto ep = http::endpoint_of<question, reply>(
      never, http::method::get, "http://a/", ask, read_text,
      {.finalizers = {[&](const kit::context&, const http::call_end& end) {
         ++calls;
         if (end.failure) why = end.failure->code();
       }}});
  auto call = loop.start(ep.try_call(question{}));
  CHECK(calls == 0);
  call.cancel();
  loop.run();
  CHECK(call.done());
  CHECK(calls == 1);
  CHECK(why == kit::errc::canceled);
  {
    kit::testing::loop other;
    auto left = other.start(ep.try_call(question{}));
    CHECK(left.pending());
  }
  CHECK(calls == 2);  // the loop has gone
}

TEST_CASE("endpoint_of: any status is an answer; the decoder decides [transport/http/client:7]") {
  kit::testing::loop loop;
  played server;
  server.answer = http::response::text(http::status::internal_server_error, "oops");
  const auto ep = http::endpoint_of<question, reply>(server.handler(), http::method::get,
                                                     "http://a/", ask, read_text);
  CHECK(run(loop, ep.try_call(question{}))->text == "oops");
}

TEST_CASE("endpoint_of: a request that is made whole [transport/http/client:11]") {
  kit::testing::loop loop;
  played server;
  const auto ep = http::endpoint_of<question, reply>(
      server.handler(),
      [](question q) {
        return http::request{
            .method = http::method::put, .target = "http://x/y", .body = q.foo + " there"};
      },
      read_text);
  CHECK(run(loop, ep.try_call(question{"hello"})).has_value());
  REQUIRE(server.requests.size() == 1);
  CHECK(server.requests[0].method == http::method::put);
  CHECK(server.requests[0].target == "http://x/y");
  CHECK(server.requests[0].body.size() == 11U);
}

TEST_CASE("endpoint_of: any HTTP endpoint can send [transport/http/client:12]") {
  kit::testing::loop loop;
  struct sender {
    asio::awaitable<http::response> operator()(http::request req) const {
      co_return http::response::text(http::status::ok, req.target);
    }
  };
  const auto ep =
      http::endpoint_of<question, reply>(sender{}, http::method::get, "http://a/b", ask, read_text);
  CHECK(run(loop, ep.try_call(question{}))->text == "http://a/b");
}

TEST_CASE(
    "endpoint_of: errors of making and sending are returned as they are "
    "[transport/http/client:13]") {
  kit::testing::loop loop;
  played server;
  server.failure = kit::error(kit::errc::unavailable, "gone").with(mark{"detail"});
  const auto send = http::endpoint_of<question, reply>(server.handler(), http::method::get,
                                                       "http://a/", ask, read_text);
  auto r = run(loop, send.try_call(question{}));
  REQUIRE_FALSE(r.has_value());
  CHECK(r.error() == *server.failure);
  CHECK(r.error().get<mark>()->text == "detail");

  const auto make = http::endpoint_of<question, reply>(
      server.handler(),
      [](question) -> kit::result<http::request> {
        return kit::fail(kit::error(kit::errc::out_of_range, "no").with(mark{"made"}));
      },
      read_text);
  r = run(loop, make.try_call(question{}));
  CHECK(r.error() == kit::error(kit::errc::out_of_range, "no"));
  CHECK(r.error().get<mark>()->text == "made");
}

TEST_CASE(
    "endpoint_of: each call starts from the URL anew, so encoders may change it "
    "[transport/http/client:14]") {
  kit::testing::loop loop;
  played server;
  const auto ep = http::endpoint_of<question, reply>(
      server.handler(), http::method::get, "http://a/base",
      [](question q, http::request& req) { req.target += "/" + q.foo; }, read_text);
  CHECK(run(loop, ep.try_call(question{"1"})).has_value());
  CHECK(run(loop, ep.try_call(question{"2"})).has_value());
  CHECK(server.requests[0].target == "http://a/base/1");
  CHECK(server.requests[1].target == "http://a/base/2");
}

TEST_CASE("endpoint_of: encoders and decoders may look at the context") {
  kit::testing::loop loop;
  played server;
  const auto ep = http::endpoint_of<question, reply>(
      server.handler(), http::method::get, "http://a/",
      [](const kit::context& c, question, http::request& req) { req.body = c.get<mark>()->text; },
      [](const kit::context& c, http::response&) { return reply{c.get<mark>()->text + "!"}; });
  auto call =
      loop.start(kit::with_context(kit::context().with(mark{"m"}), ep.try_call(question{})));
  CHECK(call.value()->text == "m!");
  CHECK(server.requests[0].body.text() == "m");
}

TEST_CASE("endpoint_of: the deadline and the metadata travel, unless they shall not") {
  kit::testing::loop loop;
  played server;
  for (const bool travels : {true, false}) {
    const auto ep = http::endpoint_of<question, reply>(
        server.handler(), http::method::get, "http://a/", ask, read_text, {.propagate = travels});
    const auto ctx = kit::context().with(kit::metadata{{"tenant", "a"}, {"no token", "x"}});
    auto call =
        loop.start(kit::with_context(ctx, kit::with_timeout(250ms, ep.try_call(question{}))));
    CHECK(call.value().has_value());
    const auto& sent = server.requests.back().headers;
    if (travels) {
      CHECK(sent.get("grpc-timeout") == "250000u");
      CHECK(sent.get("grpc-metadata-tenant") == "a");
      CHECK(sent.size() == 2);
    } else {
      CHECK(sent.empty());
    }
  }
}

namespace {

struct sum_request {
  std::int64_t a = 0, b = 0;
};
struct sum_response {
  std::int64_t v = 0;
};
struct concat_request {
  std::string a, b;
};
struct concat_response {
  std::string v;
};
struct add_service {
  kit::endpoint<sum_request, sum_response> sum;
  kit::endpoint<concat_request, concat_response> concat;
};

asio::awaitable<sum_response> sum(sum_request r) {
  if (r.a == 13) throw kit::error(kit::errc::failed_precondition, "unlucky");
  co_return sum_response{r.a + r.b};
}
asio::awaitable<concat_response> concat(concat_request r) {
  co_return concat_response{r.a + r.b};
}

}  // namespace

TEST_CASE("client_of: the same service on the other side") {
  kit::testing::loop loop;
  http::router router;
  router.mount("/v1", add_service{sum, concat});
  const http::handler served = router;
  // What a server would make of the absolute target.
  const http::handler network = [served](http::request req) {
    CHECK(req.target.starts_with("http://add.internal"));
    req.target.erase(0, 19);
    return served(std::move(req));
  };
  for (const std::string base : {"http://add.internal/v1", "http://add.internal/v1/"}) {
    const auto add = http::client_of<add_service>(network, base);
    CHECK(loop.start(add.sum(sum_request{1, 2})).value().v == 3);
    CHECK(loop.start(add.concat(concat_request{"a", "b"})).value().v == "ab");
    auto failed = run(loop, add.sum.try_call(sum_request{13, 0}));
    REQUIRE_FALSE(failed.has_value());
  }
  const auto lost = http::client_of<add_service>(network, "http://add.internal/v2");
  CHECK(run(loop, lost.sum.try_call(sum_request{})).error() == kit::errc::not_found);
}
