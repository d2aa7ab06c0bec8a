#include <kit/http/headers.hpp>

#include <algorithm>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <type_traits>

#include <doctest/doctest.h>

#include <kit/error.hpp>
#include <kit/http/syntax.hpp>

namespace http = kit::http;
using http::field;
using http::headers;

static_assert(sizeof(headers) <= 48);
static_assert(std::is_nothrow_move_constructible_v<headers>);
static_assert(std::is_nothrow_move_assignable_v<headers>);
static_assert(std::random_access_iterator<headers::iterator>);

namespace {

using pairs = std::vector<std::pair<std::string, std::string>>;

pairs list(const headers& h) {
  pairs out;
  for (const auto& item : h)
    out.emplace_back(item.name, item.value);
  return out;
}

kit::errc refusal(auto&& action) {
  try {
    action();
  } catch (const kit::error& e) {
    return e.code();
  }
  return kit::errc::ok;
}

}  // namespace

TEST_CASE("headers: fields keep their order, their spelling and their repetitions") {
  headers h;
  h.add("x-a", "1").add("Content-TYPE", "text/plain").add("X-A", "2").add(field::host, "h");
  CHECK(list(h) ==
        pairs{{"x-a", "1"}, {"Content-TYPE", "text/plain"}, {"X-A", "2"}, {"Host", "h"}});
  CHECK(h.size() == 4);
  CHECK(h[1].field == field::content_type);
  CHECK(h[0].field == field::other);
}

TEST_CASE("headers: a name is found in any case, by text or by field") {
  const headers h{{"content-type", "a"}, {"X-Custom", "b"}};
  CHECK(h.get(field::content_type) == "a");
  CHECK(h.get("CONTENT-TYPE") == "a");
  CHECK(h.get("x-custom") == "b");
  CHECK(h.contains("X-CUSTOM"));
  CHECK(h.contains(field::content_type));
}

TEST_CASE("headers: what is not there is not found") {
  const headers h{{"X-Custom", "b"}};
  CHECK(h.get(field::host) == std::nullopt);
  CHECK(h.get("X-Other") == std::nullopt);
  CHECK(h.get("") == std::nullopt);
  CHECK(h.get(field::other) == std::nullopt);
  CHECK_FALSE(h.contains(field::other));
  CHECK_FALSE(h.contains("X-Custo"));
  CHECK(h.get_all("nope").empty());
  CHECK(headers().get("x") == std::nullopt);
}

TEST_CASE("headers: get gives the first value, get_all all of them") {
  const headers h{{"Via", "a"}, {"X", "1"}, {"via", "b"}, {"x", "2"}};
  CHECK(h.get(field::via) == "a");
  CHECK(h.get_all(field::via) == std::vector<std::string_view>{"a", "b"});
  CHECK(h.get_all("X") == std::vector<std::string_view>{"1", "2"});
  CHECK(h.count("x") == 2);
  CHECK(h.count(field::host) == 0);
}

TEST_CASE("headers: set replaces all values and keeps the first one's place") {
  headers h{{"Via", "a"}, {"X", "1"}, {"via", "b"}, {"x", "2"}};
  h.set(field::via, "longer than before");
  h.set("x", "");
  CHECK(list(h) == pairs{{"Via", "longer than before"}, {"X", ""}});
  h.set("New", "n");
  CHECK(h.get("new") == "n");
}

TEST_CASE("headers: remove takes all lines of a name and says how many") {
  headers h{{"Via", "a"}, {"X", "1"}, {"via", "b"}, {"x", "2"}};
  CHECK(h.remove(field::via) == 2);
  CHECK_FALSE(h.contains(field::via));
  CHECK(h.remove(field::via) == 0);
  CHECK(h.remove("X") == 2);
  CHECK(h.empty());
  CHECK(h.remove("X") == 0);
  CHECK(h.remove(field::other) == 0);
  h.add("after", "1");
  CHECK(list(h) == pairs{{"after", "1"}});
}

TEST_CASE("headers: white space around a value is dropped") {
  headers h;
  h.set("X", " \ta b\t ");
  CHECK(h.get("x") == "a b");
}

TEST_CASE("headers: a control character in a value is refused and changes nothing") {
  headers h{{"X", "old"}};
  for (const auto& bad :
       {std::string("a\r\nSet-Cookie: x"), std::string("a\rb"), std::string("a\nb"),
        std::string("a\0b", 3), std::string("\x7f"), std::string("a\r\n")}) {
    CHECK(refusal([&] { h.set("X", bad); }) == kit::errc::invalid_argument);
    CHECK(refusal([&] { h.add(field::location, bad); }) == kit::errc::invalid_argument);
  }
  CHECK(list(h) == pairs{{"X", "old"}});
}

TEST_CASE("headers: a name that is no token is refused, and the error shows it harmlessly") {
  headers h;
  for (const char* bad : {"", "a b", "a:", "a\r\nb", "\xc3\xa4", "(x)"}) {
    CAPTURE(bad);
    CHECK(refusal([&] { h.add(bad, "v"); }) == kit::errc::invalid_argument);
    CHECK(refusal([&] { h.set(bad, "v"); }) == kit::errc::invalid_argument);
  }
  CHECK(refusal([&] { h.set(field::other, "v"); }) == kit::errc::invalid_argument);
  CHECK(refusal([&] { h.add(std::string(70000, 'a'), "v"); }) == kit::errc::invalid_argument);
  CHECK(h.empty());
  try {
    h.add("evil\r\nname", "v");
    FAIL("not refused");
  } catch (const kit::error& e) {
    CHECK(e.message() == "header field 'evil??name': the name is not a token");
  }
}

TEST_CASE("headers: a failing initialiser list leaks nothing") {
  CHECK(refusal([] { headers({{"a", "b"}, {"c", "d\n"}}); }) == kit::errc::invalid_argument);
}

TEST_CASE("headers: there is a limit to the number of fields") {
  headers h;
  for (int i = 0; i < 65535; ++i)
    h.add("a", "");
  CHECK(refusal([&] { h.add("a", ""); }) == kit::errc::invalid_argument);
  CHECK(h.size() == 65535);
}

TEST_CASE("headers: arguments may point into the object itself") {
  headers h{{"X", "the value"}, {"Y", "other"}};
  for (int i = 0; i < 100; ++i)
    h.add(h[0].name, h[0].value);
  CHECK(h.size() == 102);
  CHECK(h[101].value == "the value");
  h.set("Y", *h.get("X"));
  CHECK(h.get("Y") == "the value");
  h.set("X", h.get("X")->substr(4));
  CHECK(h.get("X") == "value");
  CHECK(h.size() == 2);
  h.remove(h[0].name);
  CHECK(list(h) == pairs{{"Y", "the value"}});
}

TEST_CASE("headers: a copy is independent, a move leaves nothing behind") {
  headers a{{"X", "1"}};
  a.set(field::host, "h");
  a.remove("nothing");
  headers b = a;
  b.set("X", "2");
  CHECK(a.get("X") == "1");
  CHECK(b.get(field::host) == "h");
  headers c = std::move(a);
  CHECK(c.get("X") == "1");
  CHECK(a.empty());
  CHECK(a.get("X") == std::nullopt);
  a.add("Y", "3");
  CHECK(a.size() == 1);
  c = b;
  CHECK(c == b);
  auto& self = c;
  c = self;
  c = std::move(self);
  CHECK(c == b);
  headers copy_of_empty = headers();
  CHECK(copy_of_empty.empty());
}

TEST_CASE("headers: equality looks at names without case, at values and at order") {
  CHECK(headers{{"A", "1"}, {"Host", "h"}} == headers{{"a", "1"}, {"host", "h"}});
  CHECK_FALSE(headers{{"A", "1"}} == headers{{"A", "2"}});
  CHECK_FALSE(headers{{"A", "1"}, {"B", "2"}} == headers{{"B", "2"}, {"A", "1"}});
  CHECK_FALSE(headers{{"A", "1"}} == headers());
}

TEST_CASE("headers: clear keeps nothing that can be found") {
  headers h{{"Host", "h"}, {"X", "1"}};
  h.clear();
  CHECK(h.empty());
  CHECK_FALSE(h.contains(field::host));
  CHECK(h.get("X") == std::nullopt);
}

TEST_CASE("headers: list members are found in every line of the field") {
  const headers h{{"Connection", "keep-alive"}, {"Connection", "foo, Upgrade"}};
  CHECK(h.has_member(field::connection, "upgrade"));
  CHECK_FALSE(h.has_member(field::connection, "close"));
  CHECK_FALSE(h.has_member(field::te, "trailers"));
  CHECK_FALSE(h.has_member(field::other, "x"));
}

TEST_CASE("headers: iterators are random access") {
  const headers h{{"A", "1"}, {"B", "2"}, {"C", "3"}};
  CHECK(h.end() - h.begin() == 3);
  CHECK((*(h.begin() + 1)).value == "2");
  CHECK(h.begin()[2].name == "C");
  auto i = h.end();
  CHECK((*--i).value == "3");
  CHECK((*i--).value == "3");
  CHECK(i < h.end());
  CHECK(std::find_if(h.begin(), h.end(), [](const auto& x) { return x.value == "2"; }) -
            h.begin() ==
        1);
}

TEST_CASE("headers: lines from a parser are like any other") {
  headers h;
  const std::string line = "X-Y: \t value";
  h.append_line(field::other, line, 3, 7);
  h.append_line(field::host, "Host:", 4, 5);
  CHECK(list(h) == pairs{{"X-Y", "value"}, {"Host", ""}});
  CHECK(h.get(field::host) == "");
  h.set("x-y", "another, longer value than before");
  CHECK(h.get("X-Y") == "another, longer value than before");
}

TEST_CASE("headers: a million random changes agree with a simple list") {
  std::mt19937 random(7);
  const std::vector<std::string> names = {"Host", "Via", "X-A", "x-a", "VIA", "X-B", "Date"};
  headers h;
  pairs model;
  const auto same = [](const std::string& a) {
    return [a](const auto& p) { return http::iequals(p.first, a); };
  };
  for (int step = 0; step < 1'000'000; ++step) {
    const auto& name = names[random() % names.size()];
    const std::string value(random() % 20, static_cast<char>('a' + random() % 26));
    switch (random() % 8) {
      case 0:
      case 1:
        h.add(name, value);
        model.emplace_back(name, value);
        break;
      case 2:
      case 3: {
        h.set(name, value);
        const auto first = std::find_if(model.begin(), model.end(), same(name));
        if (first == model.end()) {
          model.emplace_back(name, value);
        } else {
          first->second = value;
          model.erase(std::remove_if(first + 1, model.end(), same(name)), model.end());
        }
        break;
      }
      case 4:
        CHECK(h.remove(name) == std::erase_if(model, same(name)));
        break;
      case 5:
        if (random() % 64 == 0) {
          h = headers(h);
        }
        break;
      case 6: {
        const auto first = std::find_if(model.begin(), model.end(), same(name));
        const auto got = h.get(name);
        if (got.has_value() != (first != model.end())) FAIL("presence differs");
        if (got && *got != first->second) FAIL("value differs");
        break;
      }
      default:
        if (random() % 1024 == 0) {
          h.clear();
          model.clear();
        }
    }
    if (step % 97 == 0 && list(h) != model) FAIL("lists differ");
  }
  CHECK(list(h) == model);
}
