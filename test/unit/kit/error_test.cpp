#include <kit/error.hpp>

#include <new>
#include <stdexcept>
#include <string>
#include <system_error>

#include <doctest/doctest.h>
#include <asio/error.hpp>
#include <asio/multiple_exceptions.hpp>

using kit::errc;
using kit::error;
using kit::to_error;
using namespace std::chrono_literals;

namespace {

template <class E>
error caught(E e) {
  return to_error(std::make_exception_ptr(std::move(e)));
}

struct http_status {
  int value = 0;
};
struct field_name {
  std::string value;
};

}  // namespace

TEST_CASE("errc: names and codes go both ways, all seventeen") {
  for (int i = 0; i <= 16; ++i) {
    const auto code = static_cast<errc>(i);
    CAPTURE(i);
    CHECK(kit::errc_from_name(kit::name(code)) == code);
  }
  CHECK(kit::name(errc::deadline_exceeded) == "deadline_exceeded");
  CHECK(kit::name(errc::unauthenticated) == "unauthenticated");
  CHECK_FALSE(kit::errc_from_name("Unavailable"));
  CHECK_FALSE(kit::errc_from_name(""));
  CHECK(kit::name(static_cast<errc>(99)) == "unknown");
}

TEST_CASE("errc: is a std::error_code, equal only to itself") {
  const std::error_code code = errc::not_found;
  CHECK(code == errc::not_found);
  CHECK(code != errc::already_exists);
  CHECK(code.category() == kit::error_category());
  CHECK(code.category().name() == std::string("kit"));
  CHECK(code.message() == "not_found");
  CHECK_FALSE(std::error_code(errc::ok));
}

TEST_CASE("error: of a code alone says the code's name") {
  const error e = errc::unavailable;
  CHECK(e.code() == errc::unavailable);
  CHECK(e.message() == "unavailable");
  CHECK(e.what() == std::string("unavailable"));
  CHECK_FALSE(e.cause());
  CHECK_FALSE(e.retry_after());
  CHECK(e.get<int>() == nullptr);
}

TEST_CASE("error: with an empty message says the code's name too") {
  CHECK(error(errc::internal, "").message() == "internal");
}

TEST_CASE("error: never has the code ok, nor one that doesn't exist") {
  CHECK(error(errc::ok).code() == errc::unknown);
  CHECK(error(errc::ok, "fine").code() == errc::unknown);
  CHECK(error(static_cast<errc>(17)).code() == errc::unknown);
  CHECK(to_error(std::error_code()).code() == errc::unknown);
  CHECK(to_error(std::error_code(200, kit::error_category())).code() == errc::unknown);
}

TEST_CASE("error: equality is code and message") {
  CHECK(error(errc::aborted, "a") == error(errc::aborted, "a"));
  CHECK(error(errc::aborted, "a") != error(errc::aborted, "b"));
  CHECK(error(errc::aborted, "a") != error(errc::internal, "a"));
  CHECK(error(errc::aborted) == error(errc::aborted, "aborted"));
  CHECK(error(errc::aborted, "a") == errc::aborted);
  CHECK(error(errc::aborted, "a") != errc::internal);
}

TEST_CASE("error: the with functions change a copy and keep the rest") {
  const error plain(errc::resource_exhausted, "too many");
  const auto cause = std::make_exception_ptr(std::runtime_error("cause"));
  const error full = plain.with_retry_after(1500ms).with_cause(cause).with(http_status{429});

  CHECK(full == plain);
  CHECK(full.retry_after() == 1500ms);
  CHECK(full.cause() == cause);
  REQUIRE(full.get<http_status>());
  CHECK(full.get<http_status>()->value == 429);

  CHECK_FALSE(plain.retry_after());
  CHECK_FALSE(plain.cause());
  CHECK_FALSE(plain.get<http_status>());
  CHECK(full.with_retry_after(0ms).retry_after() == 0ms);
  CHECK_FALSE(full.with_cause(nullptr).cause());
}

TEST_CASE("error: details are found by type, the last one of a type wins") {
  const error e = error(errc::invalid_argument)
                      .with(http_status{400})
                      .with(field_name{"price"})
                      .with(http_status{422});
  REQUIRE(e.get<http_status>());
  CHECK(e.get<http_status>()->value == 422);
  CHECK(e.get<field_name>()->value == "price");
  CHECK_FALSE(e.get<std::string>());
  CHECK(e.message() == "invalid_argument");
}

TEST_CASE("error: copies share, moved-from and self-assigned ones stay valid") {
  error a = error(errc::internal, "a").with(field_name{"x"});
  const error copy = a;
  error b = errc::aborted;
  b = std::move(a);
  CHECK(b == copy);
  CHECK(b.get<field_name>() == copy.get<field_name>());

  auto& alias = b;
  b = alias;
  b = std::move(alias);
  CHECK(b == copy);
  a = b;  // NOLINT(bugprone-use-after-move): assigning to it is what is tested
  CHECK(a == copy);
  a = error(errc::unknown);
  CHECK(copy.message() == "a");
}

TEST_CASE("error: is thrown and caught as itself and as std::exception") {
  try {
    throw error(errc::not_found, "no such user");
  } catch (const std::exception& e) {
    CHECK(e.what() == std::string("no such user"));
  }
}

TEST_CASE("to_error: a kit::error stays the very same, details and all") {
  const auto e = caught(error(errc::aborted, "conflict").with(http_status{409}));
  CHECK(e == error(errc::aborted, "conflict"));
  CHECK(e.get<http_status>()->value == 409);
  CHECK_FALSE(e.cause());
}

TEST_CASE("to_error: a foreign exception is unknown, with its text, and is the cause") {
  const auto e = caught(std::runtime_error("disk on fire"));
  CHECK(e == error(errc::unknown, "disk on fire"));
  CHECK_THROWS_AS(std::rethrow_exception(e.cause()), std::runtime_error);
  CHECK(caught(42).code() == errc::unknown);
  CHECK(caught(42).message() == "unknown exception");
}

TEST_CASE("to_error: no exception at all is unknown too") {
  CHECK(to_error(std::exception_ptr()).code() == errc::unknown);
}

TEST_CASE("to_error: system errors by what they mean") {
  const auto of = [](auto value) {
    return caught(std::system_error(make_error_code(value))).code();
  };
  CHECK(of(asio::error::operation_aborted) == errc::canceled);
  CHECK(of(std::errc::operation_canceled) == errc::canceled);
  CHECK(of(std::errc::timed_out) == errc::deadline_exceeded);
  CHECK(of(asio::error::timed_out) == errc::deadline_exceeded);
  CHECK(of(std::errc::connection_refused) == errc::unavailable);
  CHECK(of(asio::error::connection_reset) == errc::unavailable);
  CHECK(of(std::errc::broken_pipe) == errc::unavailable);
  CHECK(of(asio::error::eof) == errc::unavailable);
  CHECK(of(asio::error::host_not_found) == errc::unavailable);
  CHECK(of(std::errc::host_unreachable) == errc::unavailable);
  CHECK(of(std::errc::too_many_files_open) == errc::resource_exhausted);
  CHECK(of(asio::error::no_descriptors) == errc::resource_exhausted);
  CHECK(of(asio::error::connection_refused) == errc::unavailable);
  CHECK(of(std::errc::permission_denied) == errc::permission_denied);
  CHECK(of(std::errc::no_such_file_or_directory) == errc::not_found);
  CHECK(of(std::errc::invalid_seek) == errc::unknown);
  CHECK(of(errc::data_loss) == errc::data_loss);
}

TEST_CASE("to_error: a system error keeps its text and is the cause") {
  const auto e = caught(std::system_error(std::make_error_code(std::errc::timed_out), "connect"));
  CHECK(e.message().starts_with("connect"));
  CHECK_THROWS_AS(std::rethrow_exception(e.cause()), std::system_error);
}

TEST_CASE("to_error: no memory is a lack of resources") {
  CHECK(caught(std::bad_alloc()).code() == errc::resource_exhausted);
}

TEST_CASE("to_error: of the several exceptions of an && the first one counts") {
  const auto ours = std::make_exception_ptr(error(errc::not_found, "no such user"));
  CHECK(caught(asio::multiple_exceptions(ours)) == error(errc::not_found, "no such user"));
}

TEST_CASE("to_error: a first one that is a cancellation may be due to the others") {
  const auto aborted = std::make_exception_ptr(
      std::system_error(make_error_code(asio::error::operation_aborted), "read"));
  const auto e = caught(asio::multiple_exceptions(aborted));
  CHECK(e == error(errc::unknown, "several operations failed"));
  CHECK_THROWS_AS(std::rethrow_exception(e.cause()), asio::multiple_exceptions);

  CHECK(kit::detail::settled(e, errc::ok) == errc::unknown);
  CHECK(kit::detail::settled(e, errc::canceled) == errc::canceled);
  CHECK(kit::detail::settled(e, errc::deadline_exceeded) == errc::deadline_exceeded);
}

TEST_CASE("settled: a cancellation is as late as its context, other errors stay") {
  using kit::detail::settled;
  const error canceled = errc::canceled;
  CHECK(settled(canceled, errc::ok) == errc::canceled);
  CHECK(settled(canceled, errc::canceled) == errc::canceled);
  CHECK(settled(canceled, errc::deadline_exceeded) == errc::deadline_exceeded);
  CHECK(settled(errc::not_found, errc::deadline_exceeded) == errc::not_found);
  const auto aborted = caught(std::system_error(make_error_code(std::errc::operation_canceled)));
  CHECK(settled(aborted, errc::deadline_exceeded).cause() == aborted.cause());
}

TEST_CASE("error: a refusal stays one, whatever is added to it") {
  const kit::error e(kit::errc::unavailable, "no");
  CHECK_FALSE(e.refused());
  const auto refused = e.with_refused();
  CHECK(refused.refused());
  CHECK(refused == e);  // it is the same error
  CHECK(refused.with_retry_after(std::chrono::milliseconds(1)).with(7).refused());
  auto copy = kit::error(kit::errc::internal);
  copy = refused;
  CHECK(copy.refused());
  CHECK(kit::error(std::move(copy)).refused());
  CHECK_FALSE(refused.with_refused(false).refused());
}
