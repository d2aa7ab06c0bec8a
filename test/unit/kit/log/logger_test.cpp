#include <kit/log/logger.hpp>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <kit/log/computed.hpp>
#include <kit/log/json.hpp>

#include "capture.hpp"

using kit::log::level;
using kit::log::logger;
using kit::log::logger_options;
using log_test::capture;
using log_test::recorded;

namespace {

/// A computed value that counts how often it was computed.
struct counter {
  std::shared_ptr<std::atomic<int>> n = std::make_shared<std::atomic<int>>(0);
  int operator()() const { return ++*n; }
};

struct failing_sink final : kit::log::sink {
  void write(const kit::log::record&) override { throw kit::error(kit::errc::data_loss, "disk"); }
  void flush() override { throw std::runtime_error("flush"); }
};

}  // namespace

TEST_CASE("logger: the pairs of with stand before the record's own, in order [log/context:1]") {
  const recorded r;
  r.log.with("a", 1).with("b", 2, "c", 3).print("", "d", 4);
  CHECK(r.take() == "a=1 b=2 c=3 d=4\n");
}

TEST_CASE("logger: those of with_prefix stand before all of them [log/context:2]") {
  const recorded r;
  r.log.with("b", 2).with_prefix("a", 1).print("", "c", 3);
  CHECK(r.take() == "a=1 b=2 c=3\n");
  r.log.with_prefix("b", 2).with("c", 3).with_prefix("a", 1).print("");
  CHECK(r.take() == "a=1 b=2 c=3\n");
}

TEST_CASE("logger: those of with_suffix stand behind, in order [log/context:3]") {
  const recorded r;
  r.log.with_prefix("a", "first")
      .with("b", "second")
      .with("c", "third")
      .with_suffix("z", "last")
      .with_suffix("aa", "end")
      .print("message");
  CHECK(r.take() == "a=first b=second c=third msg=message z=last aa=end\n");
}

TEST_CASE("logger: stored values are copies [log/context:4]") {
  const recorded r;
  std::string text = "before";
  std::vector<int> list{1};
  char buffer[] = "before";
  const std::runtime_error e("what it was");
  const std::exception& base = e;
  const auto log = r.log.with("text", text, "list", list, "view", std::string_view(text), "chars",
                              buffer, "null", static_cast<const char*>(nullptr), "err", base);
  text = "after";
  list.push_back(2);
  buffer[0] = 'x';
  log.print("");
  CHECK(r.take() ==
        "text=before list=[1] view=before chars=before null=null err=\"what it was\"\n");
  static_assert(kit::log::key_values<const char*, const int*>);
  static_assert(!kit::log::stored_key_values<const char*, const int*>);
  const auto moved = r.log.with("owner", std::make_unique<int>(7));
  moved.print("");
  CHECK(r.take() == "owner=7\n");
}

TEST_CASE("logger: a key without a value has (MISSING), each list for itself [log/context:5]") {
  const recorded r;
  r.log.with("k1").with("k2").print("", "k3");
  CHECK(r.take() == "k1=(MISSING) k2=(MISSING) k3=(MISSING)\n");
  r.log.with_prefix("p").with_suffix("s").print("", "a", 1, "b");
  CHECK(r.take() == "p=(MISSING) a=1 b=(MISSING) s=(MISSING)\n");
}

TEST_CASE("logger: without pairs it is the same logger [log/context:6]") {
  const recorded r;
  const auto log = r.log.with().with_prefix().with_suffix().named("");
  log.print("", "a", 1);
  CHECK(r.take() == "a=1\n");
}

TEST_CASE("logger: the caller is where it was called, whatever it went through [log/context:7]") {
  const recorded r;
  const auto log = r.log.with("caller", kit::log::caller);
  const auto deep = log.with("a", 1).with_prefix("b", 2).with_suffix("c", 3).named("x");
  const auto line = [&](int n) { return "logger_test.cpp:" + std::to_string(n); };
  int here = __LINE__ + 1;
  log.print("");
  CHECK(r.take() == "caller=" + line(here) + "\n");
  here = __LINE__ + 1;
  deep.info("");
  CHECK(r.take() == "level=info b=2 logger=x caller=" + line(here) + " a=1 c=3\n");
  // A function of one's own that takes a message keeps its caller's place.
  const auto wrapped = [&](const kit::log::message& m) { log.warn(m); };
  here = __LINE__ + 1;
  wrapped("from here");
  CHECK(r.take() == "level=warn caller=" + line(here) + " msg=\"from here\"\n");
}

TEST_CASE("logger: a function is computed for each record, when it is stored [log/context:8]") {
  const recorded r;
  const counter count;
  const auto log = r.log.with("n", count);
  log.print("");
  log.print("");
  CHECK(r.take() == "n=1\nn=2\n");
  // Passed to a record it doesn't compile, nor as a key.
  static_assert(kit::log::stored_key_values<const char*, counter>);
  static_assert(!kit::log::key_values<const char*, counter>);
  static_assert(!kit::log::stored_key_values<counter, int>);
  // One that must change itself can't: it is called on several threads.
  static_assert(
      !kit::log::stored_key_values<const char*, decltype([i = 0]() mutable { return ++i; })>);
}

TEST_CASE("logger: a computed value sees the level and the place") {
  const recorded r;
  const auto log = r.log.with(
      "loud", [](const kit::log::record_info& i) { return i.level && *i.level >= level::warn; });
  log.warn("");
  log.print("");
  CHECK(r.take() == "level=warn loud=true\nloud=false\n");
  const auto failing = r.log.with("n", []() -> int { throw std::runtime_error("no clock"); });
  failing.print("", "a", 1);
  CHECK(r.take() == "n=\"(FAILED: no clock)\" a=1\n");
}

TEST_CASE("logger: computed in the order of the record, also in JSON [log/context:9]") {
  for (const bool as_json : {false, true}) {
    CAPTURE(as_json);
    const recorded r(as_json ? kit::log::encoder(kit::log::json) : kit::log::logfmt);
    const counter count;
    // In JSON the suffix comes first.
    const auto log = r.log.with_prefix("z", count).with_suffix("a", count);
    log.print("");
    log.print("", "k", 1);
    CHECK(r.take() ==
          (as_json ? "{\"a\":2,\"z\":1}\n{\"a\":4,\"k\":1,\"z\":3}\n" : "z=1 a=2\nz=3 k=1 a=4\n"));
  }
}

TEST_CASE("logger: what went wrong goes to the handler as it is [log/context:12]") {
  std::vector<kit::error> errors;
  const logger log({.sink = std::make_shared<failing_sink>(),
                    .on_error = [&](const kit::error& e) { errors.push_back(e); }});
  const auto wrapped = log.with("a", 1).with_prefix("b", 2).with_suffix("c", 3).named("d");
  wrapped.info("lost");
  REQUIRE(errors.size() == 1);
  CHECK(errors[0] == kit::error(kit::errc::data_loss, "disk"));
  wrapped.flush();
  REQUIRE(errors.size() == 2);
  CHECK(errors[1].message() == "flush");
  static_assert(noexcept(log.info("lost", "a", 1)));

  const logger bad_encoder(
      {.sink = std::make_shared<capture>(),
       .encoder = [](std::string&, const kit::log::event&) { throw std::runtime_error("encoder"); },
       .on_error = [&](const kit::error& e) { errors.push_back(e); }});
  bad_encoder.print("lost");
  REQUIRE(errors.size() == 3);
  CHECK(errors[2].message() == "encoder");
}

TEST_CASE("logger: without a handler, or with one that throws, nothing happens") {
  const logger silent({.sink = std::make_shared<failing_sink>()});
  silent.info("lost");
  silent.flush();
  const logger throwing({.sink = std::make_shared<failing_sink>(),
                         .on_error = [](const kit::error&) { throw std::runtime_error("too"); }});
  throwing.info("lost");
}

TEST_CASE("logger: one made from nothing discards, and so do those made from it") {
  const logger none;
  CHECK_FALSE(none.enabled(level::error));
  const auto made = none.with("a", 1).with_prefix("b", 2).named("x").in({});
  made.error("lost", "c", 3);
  made.print("lost");
  made.at(level::error, "lost");
  made.flush();
  CHECK(made.name().empty());
  const logger no_sink{logger_options{}};
  no_sink.error("lost");
  CHECK_FALSE(no_sink.enabled(level::error));
}

TEST_CASE("logger: a record that isn't let through formats nothing") {
  const recorded r(logger_options{});
  const counter count;
  struct printed {};
  r.log.with("n", count).debug("no", "n", 1);
  CHECK(*count.n == 0);
  CHECK(r.take() == "");
  CHECK_FALSE(r.log.enabled(level::debug));
  CHECK(r.log.enabled(level::info));
}

TEST_CASE("logger: options that cannot be are refused by name") {
  const auto refusal = [](logger_options options) {
    try {
      options.sink = std::make_shared<capture>();
      const logger log(std::move(options));
    } catch (const kit::error& e) {
      CHECK(e == kit::errc::invalid_argument);
      return std::string(e.message());
    }
    return std::string();
  };
  CHECK(refusal({.encoder = nullptr}) == "log::logger_options::encoder is empty");
  CHECK(refusal({.level_key = ""}) == "log::logger_options::level_key is empty");
  CHECK(refusal({.message_key = ""}) == "log::logger_options::message_key is empty");
  CHECK(refusal({}) == "");
}

TEST_CASE("logger: the name is a field, under a key of one's own or none") {
  const recorded r;
  const auto http = r.log.with("a", 1).named("http");
  const auto client = http.named("client");
  CHECK(client.name() == "http.client");
  http.info("");
  client.info("");
  CHECK(r.take() == "level=info logger=http a=1\nlevel=info logger=http.client a=1\n");
  const recorded silent(logger_options{.name_key = ""});
  silent.log.named("http").info("");
  CHECK(silent.take() == "level=info\n");
}

TEST_CASE("logger: a sink gets each record whole, in one write, with its level") {
  const recorded r;
  r.log.info("one");
  r.log.print("two\nlines");
  CHECK(r.out->lines() ==
        std::vector<std::string>{"level=info msg=one\n", "msg=\"two\\nlines\"\n"});
  CHECK(r.out->levels() == std::vector<std::optional<level>>{level::info, std::nullopt});
  r.log.flush();
  CHECK(r.out->flushes() == 1);
  const kit::log::record with_end{.level = {}, .line = "a\n"}, without{.level = {}, .line = "a"};
  CHECK(with_end.text() == "a");
  CHECK(without.text() == "a");
}

TEST_CASE("logger: a very long record") {
  const recorded r;
  const std::string text(200'000, 'x');
  r.log.print(text, "a", text);
  CHECK(r.take() == "msg=" + text + " a=" + text + "\n");
  r.log.print("short");
  CHECK(r.take() == "msg=short\n");
}

TEST_CASE("logger: a computed value may log") {
  const recorded r, other;
  const auto log = r.log.with("n", [inner = other.log] {
    inner.print("inside");
    return 1;
  });
  log.print("outside");
  CHECK(r.take() == "n=1 msg=outside\n");
  CHECK(other.take() == "msg=inside\n");
}
