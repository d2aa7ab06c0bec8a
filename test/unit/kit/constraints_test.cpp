#include <kit/constraints.hpp>

#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <kit/error.hpp>

namespace {

struct address {
  std::string city;
};
struct customer {
  std::string email;
  std::unique_ptr<address> home;
};
struct line {
  std::string sku;
  int count = 1;
};
struct order {  // has none itself
  std::vector<line> items;
  std::optional<customer> buyer;
  std::map<std::string, std::vector<line>> by_day;
  std::pair<line, int> first;
  std::variant<int, line> last;
  line more[2];
  std::shared_ptr<const line> shared;
};
struct period {
  int from = 0;
  std::optional<int> to;
  std::string token;
};
struct renamed {
  int item_count = 0;
  std::variant<std::monostate, line, customer> is;
};
struct node {
  int value = 0;
  std::vector<node> children;
};
struct plain {
  int a = 0;
  std::vector<std::string> b;
};
struct plain_node {
  std::vector<plain_node> children;
  std::map<std::string, plain_node> others;
};
struct pong;
struct ping {
  std::vector<pong> others;
};
struct pong {
  std::unique_ptr<ping> back;
  line value;
};
struct other_pong;
struct other_ping {
  std::vector<other_pong> others;
};
struct other_pong {
  std::unique_ptr<other_ping> back;
  std::string value;
};
struct hidden {
  int& not_for_reflection;
};
struct secrets {
  std::string password;
  std::vector<std::string> tokens;
  line inside;
};
struct code {
  int number = 0;
};

int checks_of_node = 0;

/// One that is made ready first.
int compiled = 0;
struct costly {
  struct ready {
    explicit ready(int n) : limit(n) { ++compiled; }
    ready(const ready&) = delete;
    ready& operator=(const ready&) = delete;
    bool holds(const int& v) const { return v < limit; }
    int limit;
  };
  int limit;
  ready compile() const {
    if (limit < 0) throw kit::error(kit::errc::invalid_argument, "it is negative");
    return ready(limit);
  }
  static std::string wanted() { return "less"; }
};
struct with_costly {
  int a = 0;
  std::vector<int> b;
};
struct holds_costly {
  std::vector<with_costly> all;
  std::vector<holds_costly> more;
};
struct with_wrong {
  int a = 0;
};

}  // namespace

template <>
struct kit::constraints<address> {
  static constexpr auto fields = kit::constrain(kit::field<&address::city>(kit::not_empty()));
};
template <>
struct kit::constraints<customer> {
  static constexpr auto fields = kit::constrain(kit::field<&customer::email>(kit::length(3, 20)));
};
template <>
struct kit::constraints<line> {
  static constexpr auto fields = kit::constrain(kit::field<&line::sku>(kit::length(1, 8)),
                                                kit::field<&line::count>(kit::range(1, 100)));
};
template <>
struct kit::constraints<period> {
  static constexpr auto fields = kit::constrain(kit::field<&period::from>(kit::at_least(0)),
                                                kit::field<&period::token>(kit::secret()));
  static void check(const period& p, kit::violations_of<period>& found) {
    if (p.from == 13) throw std::runtime_error("unlucky");
    if (!p.to || *p.to < p.from) found.add<&period::to>("not before 'from'");
    if (p.token == "bad") found.add<&period::token>("a good one");
    if (p.from == 7) found.add("another day");
  }
};
template <>
struct kit::reflect_traits<renamed> {
  static constexpr auto naming = kit::naming::camel_case;
  static constexpr auto fields = kit::fields(kit::field<&renamed::is>().alternatives(
      kit::alternative("theLine"), kit::alternative("customer")));
};
template <>
struct kit::constraints<renamed> {
  static constexpr auto fields = kit::constrain(kit::field<&renamed::item_count>(kit::above(0)),
                                                kit::field<&renamed::is>(kit::required()));
};
template <>
struct kit::constraints<node> {
  static constexpr auto fields = kit::constrain(kit::field<&node::value>(kit::at_least(0)));
  static void check(const node&, kit::violations_of<node>&) { ++checks_of_node; }
};
template <>
struct kit::constraints<hidden> {
  static constexpr bool opaque = true;
};
template <>
struct kit::constraints<secrets> {
  static constexpr auto fields =
      kit::constrain(kit::field<&secrets::password>(kit::secret(), kit::min_length(8)),
                     kit::field<&secrets::tokens>(kit::secret(), kit::each(kit::max_length(3))),
                     kit::field<&secrets::inside>(kit::secret()));
};
template <>
struct kit::constraints<code> {
  static void check(const code& c, kit::violations_of<code>& found) {
    if (c.number < 0) found.add<&code::number>("a code");
  }
};
template <>
struct kit::constraints<with_costly> {
  static constexpr auto fields = kit::constrain(kit::field<&with_costly::a>(costly{5}),
                                                kit::field<&with_costly::b>(kit::each(costly{7})));
};
template <>
struct kit::constraints<with_wrong> {
  static constexpr auto fields = kit::constrain(kit::field<&with_wrong::a>(costly{-1}));
};

TEST_CASE("constraints: structs are checked wherever they are") {
  order o;
  o.items = {{"a", 1}, {"", 0}};
  o.buyer.emplace();
  o.buyer->email = "a@b";
  o.buyer->home = std::make_unique<address>();
  o.by_day["mon"] = {{"a", 1}, {"123456789", 1}};
  o.first = {{"x", 101}, 0};
  o.last = line{"x", 102};
  o.more[0].sku = o.more[1].sku = "x";
  o.more[1].count = -1;
  o.shared = std::make_shared<const line>(line{"x", -2});
  const auto found = kit::check(o);
  std::vector<std::string> paths;
  for (const auto& v : found)
    paths.push_back(v.path);
  CHECK(paths == std::vector<std::string>{"items[1].sku", "items[1].count", "buyer.home.city",
                                          "by_day.mon[1].sku", "first[0].count", "last.count",
                                          "more[1].count", "shared.count"});
  CHECK(found.list[0] == kit::violation{"items[1].sku", "1 to 8 characters", "0 characters"});
  CHECK(!found.more);
  CHECK(kit::check(std::vector<line>{{"x", 0}}).text(1) == "[0].count: expected 1 to 100, got 0");
}

TEST_CASE("constraints: types that hold each other") {
  static_assert(kit::constrained<ping> && kit::constrained<pong> && !kit::constrained<other_ping>);
  ping p;
  p.others.resize(1);
  p.others[0].back = std::make_unique<ping>();
  p.others[0].back->others.resize(2);
  p.others[0].back->others[1].value.sku = "x";
  p.others[0].value.sku = "x";
  CHECK(kit::check(p).text(9) ==
        "others[0].back.others[0].value.sku: expected 1 to 8 characters, got 0 characters");
}

TEST_CASE("constraints: what has none is not looked at") {
  static_assert(!kit::constrained<plain> && !kit::constrained<plain_node> &&
                !kit::constrained<hidden> && !kit::constrained<int> && kit::constrained<order> &&
                kit::constrained<const node> && kit::constrained<std::optional<line>>);
  CHECK(kit::check(plain{}).empty());
  CHECK(kit::check(plain_node{}).empty());
  CHECK(kit::check(7).empty());
}

TEST_CASE("constraints: a check of several fields, when each is right") {
  CHECK(kit::check(period{1, 2, ""}).empty());
  CHECK(kit::check(period{3, 2, ""}).text(1) == "to: expected not before 'from', got 2");
  CHECK(kit::check(period{3, {}, ""}).text(1) == "to: expected not before 'from', got nothing");
  CHECK(kit::check(period{1, 2, "bad"}).text(1) == "token: expected a good one");
  CHECK(kit::check(period{7, 8, ""}).text(1) == "expected another day");
  CHECK(kit::check(std::vector{period{7, 8, ""}}).text(1) == "[0]: expected another day");
  CHECK(kit::check(period{-1, -2, ""}).text(9) == "from: expected at least 0, got -1");
  CHECK_THROWS_WITH_AS(kit::check(period{13, 14, ""}), "unlucky", std::runtime_error);
  CHECK(kit::check(code{-1}).text(1) == "number: expected a code, got -1");
}

TEST_CASE("constraints: fields have their names in JSON") {
  CHECK(kit::check(renamed{1, line{"x", 1}}).empty());
  CHECK(kit::check(renamed{0, line{"x", 0}}).text(9) ==
        "itemCount: expected more than 0, got 0; theLine.count: expected 1 to 100, got 0");
  CHECK(kit::check(renamed{1, {}}).text(9) == "is: expected a value, got nothing");
}

TEST_CASE("constraints: secrets are not shown") {
  const secrets s{"hunter2", {"abc", "abcd"}, {"123456789", 101}};
  const auto found = kit::check(s);
  CHECK(found.text(9) ==
        "password: expected at least 8 characters; tokens[1]: expected at most 3 characters; "
        "inside.sku: expected 1 to 8 characters; inside.count: expected 1 to 100");
}

TEST_CASE("constraints: the number of violations is limited") {
  const std::vector<line> all(100, line{"x", 0});
  auto found = kit::check(all);
  CHECK(found.size() == 20);
  CHECK(found.more);
  CHECK(found.text(1) == "[0].count: expected 1 to 100, got 0; and more");
  found = kit::check(all, {.max_violations = 100});
  CHECK(found.size() == 100);
  CHECK(!found.more);
  found = kit::check(all, {.max_violations = 1});
  CHECK(found.size() == 1);
  CHECK(found.text(1) == "[0].count: expected 1 to 100, got 0; and more");
  CHECK(kit::violations{{{}, {}, {}}, false}.text(1) == "expected ; and 2 more");
  CHECK(kit::violations().text(3) == "");
  CHECK(kit::violations().text(0) == "");
}

TEST_CASE("constraints: types that contain themselves, to a depth") {
  node deep;
  for (int i = 0; i < 3; ++i) {
    node outer;
    outer.children.push_back(std::move(deep));
    deep = std::move(outer);
  }
  CHECK(kit::check(deep, {.max_depth = 4}).empty());
  CHECK(kit::check(deep, {.max_depth = 3}).text(1) ==
        "children[0].children[0].children[0]: expected at most 3 levels of nesting, got more");
  deep.children[0].value = -1;
  checks_of_node = 0;
  CHECK(kit::check(deep).text(9) == "children[0].value: expected at least 0, got -1");
  CHECK(checks_of_node == 2);  // of those in which all is well
  for (int i = 0; i < 5000; ++i) {
    node outer;
    outer.children.push_back(std::move(deep));
    deep = std::move(outer);
  }
  CHECK(kit::check(deep).size() == 1);
}

TEST_CASE("constraints: what is costly is made once for each place, beforehand") {
  compiled = 0;
  kit::prepare_constraints<holds_costly>();
  CHECK(compiled == 2);
  kit::prepare_constraints<with_costly>();
  CHECK(kit::check(with_costly{5, {6, 7}}).text(9) ==
        "a: expected less, got 5; b[1]: expected less, got 7");
  CHECK(compiled == 2);
}

TEST_CASE("constraints: one that is wrong is an error when it is made ready") {
  for (int i = 0; i < 2; ++i) {
    try {
      kit::prepare_constraints<std::vector<with_wrong>>();
      FAIL("it is wrong");
    } catch (const kit::error& e) {
      CHECK(e == kit::error(kit::errc::invalid_argument, "with_wrong.a: it is negative"));
    }
  }
  CHECK_THROWS_AS(kit::check(with_wrong{}), kit::error);
}
