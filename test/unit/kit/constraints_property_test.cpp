// Random orders, checked by their constraints and by a naive check that is written out.
#include <kit/constraints.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kit/random.hpp>

namespace {

struct part {
  std::string sku;
  int count = 0;
  double price = 0;
  std::optional<std::string> note = {};
  std::vector<int> codes = {};
};
struct batch {
  std::vector<part> parts;
  std::map<std::string, part> named;
  std::optional<std::int64_t> limit;
  std::vector<batch> inner;
};

}  // namespace

template <>
struct kit::constraints<part> {
  static constexpr auto fields =
      kit::constrain(kit::field<&part::sku>(kit::length(1, 3)),
                     kit::field<&part::count>(kit::range(0, 9), kit::multiple_of(3)),
                     kit::field<&part::price>(kit::above(0.0), kit::below(2.5)),
                     kit::field<&part::note>(kit::one_of("a", "bb")),
                     kit::field<&part::codes>(kit::max_items(20), kit::unique_items(),
                                              kit::each(kit::at_least(1))));
};
template <>
struct kit::constraints<batch> {
  static constexpr auto fields =
      kit::constrain(kit::field<&batch::parts>(kit::max_items(3)),
                     kit::field<&batch::named>(kit::keys(kit::max_length(2))),
                     kit::field<&batch::limit>(kit::required()));
  static void check(const batch& b, kit::violations_of<batch>& found) {
    if (static_cast<std::int64_t>(b.parts.size()) > *b.limit) found.add("room");
  }
};

namespace {

std::string random_text(kit::random_source& random, std::size_t most) {
  std::string text;
  for (auto n = random.below(most + 1); n > 0; --n)
    text += random.chance(0.3) ? "é" : random.chance(0.5) ? "a" : "b";
  return text;
}

part random_part(kit::random_source& random) {
  part p{.sku = random_text(random, 4),
         .count = static_cast<int>(random.below(12)) - 1,
         .price = random.uniform(-0.2, 2.7)};
  if (random.chance(0.5)) p.note = random_text(random, 2);
  const auto many = random.chance(0.1) ? 24 : 4;
  for (auto n = random.below(static_cast<std::uint64_t>(many)); n > 0; --n)
    p.codes.push_back(static_cast<int>(random.below(random.chance(0.5) ? 5 : 1000)));
  return p;
}

batch random_batch(kit::random_source& random, int depth) {
  batch b;
  for (auto n = random.below(5); n > 0; --n)
    b.parts.push_back(random_part(random));
  for (auto n = random.below(3); n > 0; --n)
    b.named.emplace(std::string(n + random.below(2), 'k'), random_part(random));
  if (random.chance(0.8)) b.limit = static_cast<std::int64_t>(random.below(5));
  if (depth > 0 && random.chance(0.5)) b.inner.push_back(random_batch(random, depth - 1));
  return b;
}

// The paths of what is wrong, written out by hand.
using paths = std::vector<std::string>;

std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

void naive(const part& p, const std::string& at, paths& out) {
  if (characters(p.sku) < 1 || characters(p.sku) > 3) out.push_back(at + ".sku");
  if (p.count < 0 || p.count > 9) out.push_back(at + ".count");
  if (p.count % 3 != 0) out.push_back(at + ".count");
  if (p.price <= 0) out.push_back(at + ".price");
  if (p.price >= 2.5) out.push_back(at + ".price");
  if (p.note && *p.note != "a" && *p.note != "bb") out.push_back(at + ".note");
  if (p.codes.size() > 20) out.push_back(at + ".codes");
  if (std::set(p.codes.begin(), p.codes.end()).size() < p.codes.size())
    out.push_back(at + ".codes");
  for (std::size_t i = 0; i < p.codes.size(); ++i) {
    if (p.codes[i] < 1) out.push_back(at + ".codes[" + std::to_string(i) + "]");
  }
}

void naive(const batch& b, const std::string& at, paths& out) {
  const auto before = out.size();
  const auto in = at.empty() ? "" : at + ".";
  if (b.parts.size() > 3) out.push_back(in + "parts");
  for (std::size_t i = 0; i < b.parts.size(); ++i)
    naive(b.parts[i], in + "parts[" + std::to_string(i) + "]", out);
  for (const auto& [key, value] : b.named) {
    if (key.size() > 2) out.push_back(in + "named." + key);
  }
  for (const auto& [key, value] : b.named)
    naive(value, in + "named." + key, out);
  if (!b.limit) out.push_back(in + "limit");
  for (std::size_t i = 0; i < b.inner.size(); ++i)
    naive(b.inner[i], in + "inner[" + std::to_string(i) + "]", out);
  if (out.size() == before && static_cast<std::int64_t>(b.parts.size()) > *b.limit) {
    out.push_back(at);
  }
}

}  // namespace

TEST_CASE("constraints: a check agrees with one written by hand") {
  kit::random_source random(20240607);
  int valid = 0, several = 0;
  for (int round = 0; round < 20'000; ++round) {
    CAPTURE(round);
    const auto b = random_batch(random, 2);
    paths expected;
    naive(b, "", expected);
    const auto found = kit::check(b, {.max_violations = 1000});
    paths got;
    for (const auto& v : found)
      got.push_back(v.path);
    REQUIRE(got == expected);
    valid += expected.empty() ? 1 : 0;
    several += expected.size() > 1 ? 1 : 0;

    // With less room: the same from the start, and whether there is more.
    const auto few = kit::check(b, {.max_violations = 2});
    REQUIRE(few.size() == std::min<std::size_t>(2, found.size()));
    REQUIRE(std::equal(few.begin(), few.end(), found.begin()));
    REQUIRE(few.more == (found.size() > 2));
  }
  CHECK(valid > 100);
  CHECK(several > 1000);
}
