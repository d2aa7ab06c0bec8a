#include <transports/http/handler_of.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include <kit/this_context.hpp>
#include <transports/http/hooks.hpp>
#include "test/support/typed_call.hpp"

namespace http = kit::http;
using typed_call::answer;
using typed_call::get;
using typed_call::header;

namespace {

using steps = std::vector<std::string>;

struct question {
  std::string text;
};
struct reply {
  std::string text;
};

struct first {
  std::string value;
};
struct second {
  std::string value;
};

http::response with_text(http::status status, std::string text) {
  return http::response::text(status, std::move(text));
}

/// A handler whose parts note that they ran, and fail when the target names them.
struct noted {
  std::shared_ptr<steps> log = std::make_shared<steps>();

  http::handler build(http::handler_options options) const {
    const kit::endpoint<question, reply> ep = [log = log](question q) {
      return ask(log, std::move(q));
    };
    return http::handler_of(
        ep,
        [log = log](http::request& r) -> kit::result<question> {
          log->push_back("decode");
          if (r.target == "/decode") return kit::fail(kit::errc::unknown, "cannot decode");
          return question{r.target};
        },
        [log = log](reply a, http::response& r) -> kit::result<void> {
          log->push_back("encode");
          r.body = http::body(a.text);
          if (a.text == "/encode") return kit::fail(kit::errc::unknown, "cannot encode");
          return {};
        },
        std::move(options));
  }

  static asio::awaitable<kit::result<reply>> ask(std::shared_ptr<steps> log, question q) {
    co_await asio::post(asio::use_awaitable);
    log->push_back("endpoint");
    if (q.text == "/endpoint") co_return kit::fail(kit::errc::unknown, "no answer");
    if (q.text == "/throw") throw std::runtime_error("password=secret");
    co_return reply{q.text};
  }

  http::before_hook before(std::string name) const {
    return [log = log, name](const kit::context& ctx, http::request&) {
      log->push_back(name);
      return ctx;
    };
  }
  http::after_hook after(std::string name) const {
    return [log = log, name](const kit::context& ctx, http::response&) {
      log->push_back(name);
      return ctx;
    };
  }
  http::finalizer finalizer(std::string name) const {
    return [log = log, name](const kit::context&, const http::exchange&) { log->push_back(name); };
  }
  kit::error_handler error_handler() const {
    return [log = log](const kit::context&, const kit::error& e) {
      log->push_back("error handler: " + std::string(e.message()));
    };
  }
  http::error_encoder error_encoder() const {
    return [log = log](const kit::context&, const kit::error& e) {
      log->push_back("error encoder");
      return http::error_response(e);
    };
  }
  http::handler_options all() const {
    return {.before = {before("before 1"), before("before 2")},
            .after = {after("after 1"), after("after 2")},
            .error_encoder = error_encoder(),
            .error_handler = error_handler(),
            .finalizers = {finalizer("finalizer 1"), finalizer("finalizer 2")}};
  }
};

}  // namespace

TEST_CASE(
    "typed handler: before, decode, endpoint, after, encode, finalizers, in their order "
    "[transport/http/server:1]") {
  const noted n;
  const auto r = answer(n.build(n.all()), get("/ok"));
  CHECK(r.status == http::status::ok);
  CHECK(r.body.bytes() == "/ok");
  CHECK(*n.log == steps{"before 1", "before 2", "decode", "endpoint", "after 1", "after 2",
                        "encode", "finalizer 1", "finalizer 2"});
}

TEST_CASE(
    "typed handler: a failure goes to the error handler, then to the error encoder, and skips "
    "the after hooks [transport/http/server:2,3]") {
  const noted n;
  const auto h = n.build(n.all());
  const auto run = [&](const char* target) {
    n.log->clear();
    const auto r = answer(h, get(target));
    CHECK(r.status == http::status::internal_server_error);
    return *n.log;
  };
  CHECK(run("/decode") == steps{"before 1", "before 2", "decode", "error handler: cannot decode",
                                "error encoder", "finalizer 1", "finalizer 2"});
  CHECK(run("/endpoint") == steps{"before 1", "before 2", "decode", "endpoint",
                                  "error handler: no answer", "error encoder", "finalizer 1",
                                  "finalizer 2"});
  CHECK(run("/encode") == steps{"before 1", "before 2", "decode", "endpoint", "after 1", "after 2",
                                "encode", "error handler: cannot encode", "error encoder",
                                "finalizer 1", "finalizer 2"});
}

TEST_CASE(
    "typed handler: unclassified failures are answered by 500 whether or not there are hooks "
    "[transport/http/server:2]") {
  const noted n;
  for (const bool hooks : {false, true}) {
    CAPTURE(hooks);
    const auto h = n.build(hooks ? http::handler_options{.finalizers = {n.finalizer("end")}}
                                 : http::handler_options{});
    for (const char* target : {"/decode", "/endpoint", "/encode", "/throw"}) {
      CAPTURE(target);
      CHECK(answer(h, get(target)).status == http::status::internal_server_error);
    }
  }
}

TEST_CASE("typed handler: without an error encoder and finalizers the error itself comes back") {
  const noted n;
  kit::testing::loop loop;
  const auto h = n.build({.error_handler = n.error_handler()});
  const auto call = loop.start(h.try_call(get("/endpoint")));
  CHECK(call.error() == kit::error(kit::errc::unknown, "no answer"));
  CHECK(n.log->back() == "error handler: no answer");
}

TEST_CASE("typed handler: the default error handler discards [transport:2]") {
  CHECK_FALSE(http::handler_options{}.error_handler);
  const noted n;
  CHECK(answer(n.build({.before = {n.before("before")}}), get("/decode")).status ==
        http::status::internal_server_error);
  CHECK(*n.log == steps{"before", "decode"});
}

TEST_CASE(
    "typed handler: hooks see the context values of those before them, and so do all later "
    "stages [transport/http/server:4]") {
  steps seen;
  const auto note = [&seen](std::string stage, const kit::context& ctx) {
    const auto* a = ctx.get<first>();
    const auto* b = ctx.get<second>();
    seen.push_back(stage + (a ? " " + a->value : "") + (b ? " " + b->value : ""));
  };
  struct in_endpoint {
    static asio::awaitable<reply> run(const decltype(note)* n, question) {
      (*n)("endpoint", co_await kit::this_context());
      co_return reply{};
    }
  };
  const kit::endpoint<question, reply> ep = [&note](question q) {
    return in_endpoint::run(&note, std::move(q));
  };
  const auto h = http::handler_of(
      ep,
      [&](const kit::context& ctx, http::request&) {
        note("decode", ctx);
        return question{};
      },
      [&](const kit::context& ctx, const reply&, http::response&) { note("encode", ctx); },
      {.before = {[](const kit::context& ctx, http::request&) { return ctx.with(first{"a"}); },
                  [&](const kit::context& ctx, http::request&) {
                    note("before", ctx);
                    return ctx.with(second{ctx.get<first>()->value + "b"});
                  }},
       .after = {[](const kit::context& ctx, http::response&) { return ctx.with(first{"A"}); },
                 [&](const kit::context& ctx, http::response&) {
                   note("after", ctx);
                   return ctx.with(second{ctx.get<first>()->value + "B"});
                 }},
       .finalizers = {
           [&](const kit::context& ctx, const http::exchange&) { note("finalizer", ctx); }}});
  answer(h, get("/"));
  CHECK(seen == steps{"before a", "decode a ab", "endpoint a ab", "after A ab", "encode A AB",
                      "finalizer A AB"});
}

TEST_CASE("typed handler: the failure's handler and encoder get the last context, too") {
  steps seen;
  const noted n;
  auto options = n.all();
  options.before = {[](const kit::context& ctx, http::request&) { return ctx.with(first{"a"}); }};
  options.error_handler = [&](const kit::context& ctx, const kit::error&) {
    seen.push_back("handler " + ctx.get<first>()->value);
  };
  options.error_encoder = [&](const kit::context& ctx, const kit::error& e) {
    seen.push_back("encoder " + ctx.get<first>()->value);
    return http::error_response(e);
  };
  answer(n.build(options), get("/endpoint"));
  CHECK(seen == steps{"handler a", "encoder a"});
}

TEST_CASE(
    "typed handler: what a before hook put into the context is found where the request is "
    "used, without the request [not transport/http/server:D6]") {
  struct in_endpoint {
    static asio::awaitable<reply> run(question) {
      const kit::context& ctx = co_await kit::this_context();
      co_await asio::post(asio::use_awaitable);
      co_return reply{ctx.get<http::request_info>()->path};
    }
  };
  const auto h = http::handler_of(
      kit::endpoint<question, reply>([](question q) { return in_endpoint::run(std::move(q)); }),
      [](http::request&) { return question{}; },
      [](reply a, http::response& r) { r.body = http::body(a.text); },
      {.before = {http::populate_request_context}});
  CHECK(answer(h, get("/there")).body.bytes() == "/there");
}

TEST_CASE("typed handler: an error encoder decides the status [transport/http/server:5]") {
  const noted n;
  const auto h = n.build({.error_encoder = [](const kit::context&, const kit::error& e) {
    return with_text(e.message() == "no answer" ? http::status::im_a_teapot : http::status::ok, "");
  }});
  CHECK(answer(h, get("/endpoint")).status == http::status::im_a_teapot);
}

TEST_CASE("typed handler: a before hook may change the request, an after hook the answer") {
  const noted n;
  const auto h = n.build({.before = {[](const kit::context& ctx, http::request& r) {
                            r.target = "/changed";
                            return ctx;
                          }},
                          .after = {[](const kit::context& ctx, http::response& r) {
                            r.status = http::status::accepted;
                            return ctx;
                          }}});
  const auto r = answer(h, get("/original"));
  CHECK(r.body.bytes() == "/changed");
  CHECK(r.status == http::status::accepted);
}

TEST_CASE("typed handler: a hook that throws is a failure like any other, and finalizers run") {
  const noted n;
  SUBCASE("before") {
    auto options = n.all();
    options.before[1] = [](const kit::context&, http::request&) -> kit::context {
      throw kit::error(kit::errc::unauthenticated, "who are you?");
    };
    CHECK(answer(n.build(options), get("/ok")).status == http::status::unauthorized);
    CHECK(*n.log == steps{"before 1", "error handler: who are you?", "error encoder", "finalizer 1",
                          "finalizer 2"});
  }
  SUBCASE("after") {
    auto options = n.all();
    options.after[0] = [](const kit::context&, http::response&) -> kit::context {
      throw std::runtime_error("oops");
    };
    CHECK(answer(n.build(options), get("/ok")).status == http::status::internal_server_error);
    CHECK(*n.log == steps{"before 1", "before 2", "decode", "endpoint", "error handler: oops",
                          "error encoder", "finalizer 1", "finalizer 2"});
  }
  SUBCASE("error handler") {
    auto options = n.all();
    options.error_handler = [](const kit::context&, const kit::error&) { throw 1; };
    CHECK(answer(n.build(options), get("/decode")).status == http::status::internal_server_error);
    CHECK(*n.log ==
          steps{"before 1", "before 2", "decode", "error encoder", "finalizer 1", "finalizer 2"});
  }
  SUBCASE("error encoder") {
    auto options = n.all();
    options.error_encoder = [](const kit::context&, const kit::error&) -> http::response {
      throw std::runtime_error("no words");
    };
    const auto r = answer(n.build(options), get("/decode"));
    CHECK(r.status == http::status::internal_server_error);
    CHECK(r.body.bytes() == "internal");
    CHECK(*n.log == steps{"before 1", "before 2", "decode", "error handler: cannot decode",
                          "error handler: no words", "finalizer 1", "finalizer 2"});
  }
}

TEST_CASE("typed handler: decoders and encoders that throw fail by what they threw") {
  for (const bool hooks : {false, true}) {
    CAPTURE(hooks);
    const noted n;
    const auto options = hooks ? n.all() : http::handler_options{};
    const kit::endpoint<question, reply> ep = [](question q) {
      return noted::ask(std::make_shared<steps>(), std::move(q));
    };
    const auto decode = [](http::request&) { return question{}; };
    const auto encode = [](const reply&, http::response&) {};
    const auto bad_decode = [](http::request&) -> question {
      throw kit::error(kit::errc::not_found);
    };
    const auto bad_encode = [](const reply&, http::response&) { throw std::runtime_error("x"); };
    CHECK(answer(http::handler_of(ep, bad_decode, encode, options), get("/")).status ==
          http::status::not_found);
    CHECK(answer(http::handler_of(ep, decode, bad_encode, options), get("/")).status ==
          http::status::internal_server_error);
    CHECK(answer(http::handler_of(ep, decode, encode, options), get("/")).status ==
          http::status::ok);
  }
}

TEST_CASE(
    "typed handler: an encoder that fails after writing leaves nothing of it "
    "[not transport/http/server:D1]") {
  for (const bool hooks : {false, true}) {
    CAPTURE(hooks);
    const noted n;
    auto options = hooks ? n.all() : http::handler_options{};
    if (hooks) options.after = {http::set_content_type("text/html")};
    const auto r = answer(n.build(options), get("/encode"));
    CHECK(r.status == http::status::internal_server_error);
    CHECK(r.body.bytes() == "cannot encode");
    CHECK(header(r, http::field::content_type) == "text/plain; charset=utf-8");
  }
}

TEST_CASE(
    "typed handler: the text of a foreign exception stays inside "
    "[not transport/http/server:D5]") {
  const noted n;
  const auto r = answer(n.build({}), get("/throw"));
  CHECK(r.status == http::status::internal_server_error);
  CHECK(r.body.bytes() == "Internal Server Error");
  n.log->clear();
  CHECK(answer(n.build(n.all()), get("/throw")).body.bytes() == "Internal Server Error");
  CHECK((*n.log)[4] == "error handler: password=secret");
}

TEST_CASE("typed handler: requests and responses need neither copies nor default constructors") {
  struct only_moved {
    explicit only_moved(int v) : value(std::make_unique<int>(v)) {}
    std::unique_ptr<int> value;
  };
  struct twice {
    static asio::awaitable<only_moved> run(only_moved m) { co_return only_moved(*m.value * 2); }
  };
  for (const bool hooks : {false, true}) {
    CAPTURE(hooks);
    const noted n;
    const auto h = http::handler_of(
        kit::endpoint<only_moved, only_moved>(
            [](only_moved m) { return twice::run(std::move(m)); }),
        [](http::request&) { return only_moved(21); },
        [](only_moved m, http::response& r) { r.body = http::body(std::to_string(*m.value)); },
        hooks ? n.all() : http::handler_options{});
    CHECK(answer(h, get("/")).body.bytes() == "42");
  }
}

TEST_CASE("typed handler: one handler serves overlapping calls, each in its context") {
  struct waits {
    static asio::awaitable<reply> run(question q) {
      for (int i = 0; i < 3; ++i)
        co_await asio::post(asio::use_awaitable);
      const kit::context& ctx = co_await kit::this_context();
      co_return reply{q.text + " " + ctx.get<first>()->value};
    }
  };
  const auto h = http::handler_of(
      kit::endpoint<question, reply>([](question q) { return waits::run(std::move(q)); }),
      [](http::request& r) { return question{r.target}; },
      [](reply a, http::response& r) { r.body = http::body(a.text); },
      {.before = {
           [](const kit::context& ctx, http::request& r) { return ctx.with(first{r.target}); }}});
  struct both {
    static asio::awaitable<std::string> run(const http::handler& h, std::string target) {
      auto r = co_await h.try_call(get(target));
      co_return std::string(r->body.bytes());
    }
  };
  asio::io_context io;
  std::vector<std::string> answers;
  for (const char* target : {"/a", "/b"}) {
    asio::co_spawn(io, both::run(h, target),
                   [&](std::exception_ptr, std::string text) { answers.push_back(text); });
  }
  io.run();
  CHECK(answers == steps{"/a /a", "/b /b"});
}
