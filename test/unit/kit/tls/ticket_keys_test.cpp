#include <chrono>

#include <doctest/doctest.h>

#include <kit/tls/detail/ticket_keys.hpp>

namespace {

using namespace std::chrono_literals;
using kit::tls::detail::ticket_keys;

}  // namespace

TEST_CASE("tls: a ticket key seals for a period, and opens for another one") {
  ticket_keys keys(100s);
  const auto start = std::chrono::steady_clock::now();
  const auto first = keys.current(start);
  CHECK(keys.current(start + 99s).name == first.name);
  REQUIRE(keys.find(first.name.data(), start + 99s));
  CHECK_FALSE(keys.find(first.name.data(), start + 99s)->old);

  const auto second = keys.current(start + 101s);
  CHECK(second.name != first.name);
  CHECK(second.cipher != first.cipher);
  CHECK(second.mac != first.mac);
  const auto found = keys.find(first.name.data(), start + 199s);
  REQUIRE(found);
  CHECK(found->old);
  CHECK(found->key.cipher == first.cipher);
  CHECK(found->key.mac == first.mac);
  CHECK_FALSE(keys.find(second.name.data(), start + 199s)->old);

  CHECK_FALSE(keys.find(first.name.data(), start + 202s));
  CHECK(keys.find(second.name.data(), start + 202s)->old);
}

TEST_CASE("tls: ticket keys that nobody used for long open nothing") {
  ticket_keys keys(100s);
  const auto start = std::chrono::steady_clock::now();
  const auto first = keys.current(start);
  CHECK_FALSE(keys.find(first.name.data(), start + 201s));
  CHECK(keys.current(start + 201s).name != first.name);
}

TEST_CASE("tls: another's ticket keys are unknown") {
  ticket_keys keys(100s), other(100s);
  const auto start = std::chrono::steady_clock::now();
  CHECK_FALSE(keys.find(other.current(start).name.data(), start));
}
