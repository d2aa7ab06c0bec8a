#include <kit/classify.hpp>

#include <memory>
#include <optional>
#include <string>

#include <doctest/doctest.h>

using kit::classification;
using kit::classify;
using kit::errc;
using kit::error;
using kit::outcome;
using kit::result;
using namespace std::chrono_literals;

namespace {

struct plain {
  int v = 0;
};
struct says_error {
  std::optional<error> err;
  std::optional<error> failed() const { return err; }
};
struct says_optional_text {
  std::optional<std::string> err;
  std::optional<std::string> failed() const { return err; }
};
struct says_text {
  std::string err;
  std::string failed() const { return err; }
};
struct says_bool {
  bool bad = false;
  bool failed() const { return bad; }
};

constexpr classification success{};

}  // namespace

TEST_CASE("failed: a response says a business error in each of four ways, or none") {
  CHECK_FALSE(kit::failed(plain{}));
  CHECK_FALSE(kit::failed(says_error{}));
  CHECK(kit::failed(says_error{error(errc::not_found, "x")}) == error(errc::not_found, "x"));
  CHECK_FALSE(kit::failed(says_optional_text{}));
  CHECK(kit::failed(says_optional_text{""}) == error(errc::unknown));
  CHECK(kit::failed(says_optional_text{"empty string"}) == error(errc::unknown, "empty string"));
  CHECK_FALSE(kit::failed(says_text{}));
  CHECK(kit::failed(says_text{"no"}) == error(errc::unknown, "no"));
  CHECK_FALSE(kit::failed(says_bool{}));
  CHECK(kit::failed(says_bool{true}) == error(errc::unknown));
  static_assert(kit::can_fail<says_bool> && !kit::can_fail<plain>);
}

TEST_CASE("outcome: tells success, error and business error apart without knowing the type") {
  const result<plain> good = plain{7};
  const outcome ok(good);
  CHECK(ok.ok());
  CHECK(ok.code() == errc::ok);
  CHECK(ok.error() == nullptr);
  CHECK_FALSE(ok.failed());
  REQUIRE(ok.response<plain>());
  CHECK(ok.response<plain>()->v == 7);
  CHECK(ok.response<says_bool>() == nullptr);

  const result<plain> bad = kit::fail(errc::unavailable, "gone");
  const outcome failed(bad);
  CHECK_FALSE(failed.ok());
  CHECK(failed.code() == errc::unavailable);
  CHECK(*failed.error() == error(errc::unavailable, "gone"));
  CHECK(failed.response<plain>() == nullptr);
  CHECK_FALSE(failed.failed());

  const result<says_text> business = says_text{"insufficient funds"};
  const outcome b(business);
  CHECK(b.ok());
  CHECK(b.failed() == error(errc::unknown, "insufficient funds"));
}

TEST_CASE("outcome: of an error alone, and of a response that can only be moved") {
  const error gone(errc::canceled);
  const outcome o(gone);
  CHECK(o.code() == errc::canceled);
  CHECK_FALSE(o.failed());
  CHECK(o.response<int>() == nullptr);
  const result<std::unique_ptr<int>> r = std::make_unique<int>(1);
  CHECK(**outcome(r).response<std::unique_ptr<int>>() == 1);
}

TEST_CASE("classify: by default the error's code decides") {
  const classify c;
  const auto of = [&](errc code) { return c(result<int>(kit::fail(code))); };
  CHECK(c(result<int>(1)) == success);

  for (auto code : {errc::canceled, errc::invalid_argument, errc::not_found, errc::already_exists,
                    errc::permission_denied, errc::failed_precondition, errc::aborted,
                    errc::out_of_range, errc::unauthenticated}) {
    CAPTURE(kit::name(code));
    CHECK(of(code) == success);
  }
  for (auto code : {errc::unknown, errc::unimplemented, errc::internal, errc::data_loss}) {
    CAPTURE(kit::name(code));
    CHECK(of(code) == classification{.failure = true});
  }
  CHECK(of(errc::unavailable) == classification{.failure = true, .retryable = true});
  CHECK(of(errc::resource_exhausted) ==
        classification{.failure = true, .retryable = true, .overload = true});
  CHECK(of(errc::deadline_exceeded) == classification{.failure = true, .overload = true});
}

TEST_CASE("classify: a retry hint makes any error retryable, and changes nothing else") {
  const auto hinted = error(errc::failed_precondition).with_retry_after(10ms);
  CHECK(classify::by_error(&hinted) == classification{.retryable = true});
  const auto internal = error(errc::internal).with_retry_after(0ms);
  CHECK(classify::by_error(&internal) == classification{.failure = true, .retryable = true});
  CHECK(classify::by_error(nullptr) == success);
}

TEST_CASE("classify: a business error is a success unless asked for [endpoint:4]") {
  const result<says_error> r = says_error{error(errc::unavailable, "backend")};
  CHECK(classify()(r) == success);
  const auto strict = classify::business_errors();
  CHECK(strict(r) == classification{.failure = true, .retryable = true});
  CHECK(strict(result<says_error>(says_error{})) == success);
  CHECK(strict(result<says_bool>(says_bool{true})) == classification{.failure = true});
  CHECK(strict(result<says_error>(kit::fail(errc::internal))) == classification{.failure = true});
  CHECK(strict(result<plain>(plain{})) == success);
}

TEST_CASE("classify: a function of one's own decides, and may fall back on the default") {
  const classify slow_is_bad = [](const outcome& o) {
    if (o.code() == errc::aborted) return classification{.retryable = true};
    return classify::by_error(o.error());
  };
  CHECK(slow_is_bad(result<int>(kit::fail(errc::aborted))) == classification{.retryable = true});
  CHECK(slow_is_bad(result<int>(kit::fail(errc::internal))) == classification{.failure = true});
  const classify copy = slow_is_bad;
  CHECK(copy(result<int>(kit::fail(errc::aborted))).retryable);
}

TEST_CASE("outcome: says how a call ended") {
  const auto how = [](const auto& r) { return outcome(r).ending(); };
  CHECK(how(result<plain>(plain{})) == kit::ending::succeeded);
  CHECK(how(result<says_text>(says_text{""})) == kit::ending::succeeded);
  CHECK(how(result<says_text>(says_text{"no"})) == kit::ending::business_failed);
  CHECK(how(result<plain>(kit::fail(errc::internal))) == kit::ending::failed);
  CHECK(how(result<plain>(kit::fail(errc::canceled))) == kit::ending::canceled);
  const auto refused = error(errc::resource_exhausted, "too much").with_refused();
  CHECK(how(result<plain>(kit::fail(refused))) == kit::ending::refused);
  CHECK(kit::name(kit::ending::business_failed) == "business_error");
  CHECK(kit::name(kit::ending::succeeded) == "ok");
}
