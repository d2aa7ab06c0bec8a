#include <kit/log/fmt.hpp>

#include <optional>
#include <stdexcept>

#include <doctest/doctest.h>

#include <kit/log/json.hpp>

#include "capture.hpp"

using log_test::recorded;

namespace {

class version {
 public:
  version(int a, int b) : major_(a), minor_(b) {}
  int major_number() const { return major_; }
  int minor_number() const { return minor_; }

 private:
  int major_, minor_;
};

struct point {
  int x = 0, y = 0;
};

class unprintable {
 public:
  explicit unprintable(int n) : n_(n) {}

 private:
  [[maybe_unused]] int n_;
};

}  // namespace

template <>
struct fmt::formatter<version> : fmt::formatter<std::string> {
  auto format(const version& v, format_context& ctx) const {
    if (v.major_number() < 0) throw std::runtime_error("no such version");
    return fmt::format_to(ctx.out(), "v{}.{}", v.major_number(), v.minor_number());
  }
};
template <>
struct fmt::formatter<point> : fmt::formatter<std::string> {
  auto format(const point& p, format_context& ctx) const {
    return fmt::format_to(ctx.out(), "({}, {})", p.x, p.y);
  }
};

TEST_CASE("fmt: what it can format can be logged") {
  const recorded logfmt;
  logfmt.log.print("", "v", version(1, 2), "o", std::optional(version(3, 4)));
  CHECK(logfmt.take() == "v=v1.2 o=v3.4\n");
  const recorded json(kit::log::json);
  json.log.with("v", version(1, 2)).print("");
  CHECK(json.take() == "{\"v\":\"v1.2\"}\n");
  logfmt.log.print("", "v", version(-1, 0), "a", 1);
  CHECK(logfmt.take() == "v=\"(FAILED: no such version)\" a=1\n");
}

TEST_CASE("fmt: what could be logged without it is logged as before") {
  static_assert(!kit::log::loggable<unprintable>);
  const recorded r;
  r.log.print("", "p", point{1, 2});
  CHECK(r.take() == R"(p="{\"x\":1,\"y\":2}")"
                    "\n");
}

namespace {
struct preferred {
  int x = 0;
};
}  // namespace
template <>
struct fmt::formatter<preferred> : fmt::formatter<int> {
  auto format(const preferred& p, format_context& ctx) const {
    return fmt::format_to(ctx.out(), "x{}", p.x);
  }
};
template <>
struct kit::log::value_traits<preferred> : kit::log::by_fmt<preferred> {};

TEST_CASE("fmt: can be preferred for a type") {
  const recorded r;
  r.log.print("", "p", preferred{1});
  CHECK(r.take() == "p=x1\n");
}
