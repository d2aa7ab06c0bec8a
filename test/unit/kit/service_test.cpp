#include <kit/service.hpp>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/testing/loop.hpp>

namespace {

using names = std::vector<std::string>;

struct sum_request {
  int a = 0, b = 0;
};
struct sum_response {
  int v = 0;
};
struct only_moved {
  explicit only_moved(int n) : v(std::make_unique<int>(n)) {}
  std::unique_ptr<int> v;
};

struct calculator {
  kit::endpoint<sum_request, sum_response> sum;
  kit::endpoint<kit::empty, kit::empty> ping;
  kit::endpoint<only_moved, only_moved> twice;
};

struct renamed {
  kit::endpoint<kit::empty, kit::empty> look_up;
  kit::endpoint<kit::empty, kit::empty> other;
};

struct not_only_endpoints {
  kit::endpoint<kit::empty, kit::empty> ping;
  int port = 0;
};
struct nothing {};

calculator make_calculator() {
  return {
      .sum = [](sum_request r) -> asio::awaitable<sum_response> {
        co_return sum_response{r.a + r.b};
      },
      .ping = kit::nop<kit::empty>(),
      .twice = [](only_moved m) -> asio::awaitable<only_moved> { co_return only_moved(*m.v * 2); }};
}

template <class Resp>
asio::awaitable<kit::result<Resp>> fails() {
  co_return kit::fail(kit::errc::unavailable, "no network");
}

/// A middleware that notes which endpoint it is around, and each call.
struct noting {
  std::string mark;
  std::shared_ptr<names> built = std::make_shared<names>();
  std::shared_ptr<names> called = std::make_shared<names>();

  template <class Req, class Resp>
  kit::endpoint<Req, Resp> operator()(kit::endpoint<Req, Resp> next, std::string_view name) const {
    built->push_back(mark + std::string(name));
    return [note = mark + std::string(name), called = called, next = std::move(next)](Req req) {
      called->push_back(note);
      return next.try_call(std::move(req));
    };
  }
};

/// An interceptor that counts, and is told the name.
struct counting {
  std::shared_ptr<names> seen = std::make_shared<names>();
  void enter(kit::call& c) { seen->emplace_back(c.name()); }
};

}  // namespace

template <>
struct kit::reflect_traits<renamed> {
  static constexpr auto naming = kit::naming::camel_case;
  static constexpr auto fields = kit::fields(kit::field<&renamed::other>("another"));
};

TEST_CASE("service: a struct of endpoints only is one") {
  CHECK(kit::service<calculator>);
  CHECK_FALSE(kit::service<not_only_endpoints>);
  CHECK_FALSE(kit::service<nothing>);
  CHECK_FALSE(kit::service<int>);
}

TEST_CASE("service: its endpoints are enumerated with their names, in order") {
  auto s = make_calculator();
  names found;
  kit::for_each_endpoint(s, [&](std::string_view name, auto& ep) {
    CHECK(ep);
    found.emplace_back(name);
  });
  CHECK(found == names{"sum", "ping", "twice"});

  const auto constant = s;
  found.clear();
  kit::for_each_endpoint(constant, [&](std::string_view name, const auto& ep) {
    static_assert(std::is_const_v<std::remove_reference_t<decltype(ep)>>);
    found.emplace_back(name);
  });
  CHECK(found.size() == 3);

  renamed r;
  found.clear();
  kit::for_each_endpoint(r, [&](std::string_view name, auto&) { found.emplace_back(name); });
  CHECK(found == names{"lookUp", "another"});
}

TEST_CASE("service: wrap puts each middleware around each endpoint, by its name, first outermost") {
  kit::testing::loop loop;
  noting outer{"outer "}, inner{"inner ", outer.built, outer.called};
  counting between;
  const auto s = kit::wrap(make_calculator(), outer, between, inner);
  CHECK(*outer.built ==
        names{"inner sum", "outer sum", "inner ping", "outer ping", "inner twice", "outer twice"});
  CHECK(loop.start(s.sum({.a = 1, .b = 2})).value().v == 3);
  CHECK(*outer.called == names{"outer sum", "inner sum"});
  CHECK(*loop.start(s.twice(only_moved(4))).value().v == 8);
  CHECK(*between.seen == names{"sum", "twice"});
}

TEST_CASE("service: wrap leaves the service it was given as it was") {
  kit::testing::loop loop;
  const auto plain = make_calculator();
  noting note{""};
  const auto wrapped = kit::wrap(plain, note);
  loop.start(plain.ping({}));
  CHECK(note.called->empty());
  loop.start(wrapped.ping({}));
  CHECK(note.called->size() == 1);
}

TEST_CASE("service: a client is made by one function of name, request and response type") {
  // Calls another instance of the service by name, as a transport would.
  static const auto remote = make_calculator();
  names made;
  const auto client = kit::make_service<calculator>(
      [&]<class Req, class Resp>(std::string_view name, std::type_identity<Req>,
                                 std::type_identity<Resp>) {
        made.emplace_back(name);
        kit::endpoint<Req, Resp> found;
        kit::for_each_endpoint(remote, [&](std::string_view other, const auto& ep) {
          if constexpr (std::is_same_v<decltype(ep), const kit::endpoint<Req, Resp>&>) {
            if (other == name) found = ep;
          }
        });
        return found;
      });
  CHECK(made == names{"sum", "ping", "twice"});
  kit::testing::loop loop;
  CHECK(loop.start(client.sum({.a = 40, .b = 2})).value().v == 42);
  CHECK(*loop.start(client.twice(only_moved(2))).value().v == 4);
}

TEST_CASE("service: what makes a client may return anything that an endpoint can be made of") {
  const auto client = kit::make_service<calculator>(
      []<class Req, class Resp>(std::string_view, std::type_identity<Req>,
                                std::type_identity<Resp>) {
        return [](Req) { return fails<Resp>(); };
      });
  kit::testing::loop loop;
  CHECK(loop.start(client.sum({})).error() == kit::errc::unavailable);
  CHECK(loop.start(client.twice.try_call(only_moved(1))).error() == kit::errc::unavailable);
}

TEST_CASE("service: an endpoint that nobody set fails as unimplemented") {
  kit::testing::loop loop;
  calculator s;
  CHECK(loop.start(s.sum({})).error() == kit::errc::unimplemented);
}
