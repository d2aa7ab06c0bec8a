#include <middleware/auth/casbin.hpp>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <asio/awaitable.hpp>

#include <kit/chain.hpp>
#include <kit/error.hpp>
#include <kit/identity.hpp>
#include <kit/service.hpp>
#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>

namespace auth = kit::middleware::auth;
using auth::casbin_value;
using kit::context;
using kit::errc;
using kit::error;
using kit::identity;
using kit::result;
using kit::casbin::enforcer;
using kit::casbin::model;
using kit::casbin::policy;
using kit::casbin::value;

namespace {

struct request {
  std::string path;
};
struct response {
  std::shared_ptr<const enforcer> used;
  std::string subject;
};
using endpoint = kit::endpoint<request, response>;

int calls = 0;

asio::awaitable<response> handle(request r) {
  ++calls;
  const auto ctx = co_await kit::this_context();
  const auto* by = ctx.get<auth::casbin_enforcer>();
  if (r.path == "/wait") co_await kit::sleep_for(std::chrono::hours(1));
  if (r.path == "/fail") throw error(errc::internal, "broken");
  const auto* who = ctx.get<identity>();
  co_return response{by ? by->used : nullptr, who ? who->subject : ""};
}

// The model and the policy that Go kit's test builds in code.
model path_model() {
  model m;
  m.add("r", "sub, obj, act").add("p", "sub, obj, act").add("e", "some(where (p.eft == allow))");
  m.add("m", "r.sub == p.sub && keyMatch(r.obj, p.obj) && regexMatch(r.act, p.act)");
  return m;
}
policy path_policy() {
  policy p;
  p.add("p", {"alice", "/alice_data/*", "GET"});
  p.add("p", {"alice", "/alice_data/resource1", "POST"});
  p.add("p", {"bob", "/alice_data/resource2", "GET"});
  p.add("p", {"bob", "/bob_data/*", "POST"});
  p.add("p", {"cathy", "/cathy_data", "(GET)|(POST)"});
  return p;
}
std::shared_ptr<enforcer> paths() {
  return std::make_shared<enforcer>(path_model(), path_policy());
}

context as(std::string_view subject) {
  return context().with(identity{.subject = std::string(subject)});
}

template <class Layer>
result<response> call(const Layer& layer, const context& ctx = {}, std::string path = {}) {
  kit::testing::loop loop;
  calls = 0;
  const auto ep = kit::chain(layer)(endpoint(handle), "sum");
  return loop.start(kit::with_context(ctx, ep.try_call(request{std::move(path)}))).value();
}

auto by_path(std::shared_ptr<const enforcer> e) {
  return auth::casbin_by_request(std::move(e), [](const request& r, const context& ctx) {
    return auth::casbin_question{auth::casbin_subject(ctx), r.path, "GET"};
  });
}

}  // namespace

TEST_CASE(
    "auth/casbin: model and policy from the context make the enforcer, which the next endpoint "
    "finds "
    "in its context [auth/casbin:1]") {
  const auto with = context().with(path_model()).with(path_policy());
  const auto e = auth::make_casbin_enforcer(with);
  const auto r = call(auth::casbin(e, {.ask = {"alice", "/alice_data/resource1", "GET"}}));
  REQUIRE(r.has_value());
  CHECK(r->used == e);
  CHECK(calls == 1);
}

TEST_CASE("auth/casbin: denied: 'Unauthorized Access', nothing is called [auth/casbin:2]") {
  const auto r = call(auth::casbin(paths(), {.ask = {"alice", "/alice_data/resource2", "POST"}}));
  REQUIRE_FALSE(r.has_value());
  CHECK(r.error() == error(errc::permission_denied, "Unauthorized Access"));
  CHECK(r.error().refused());
  CHECK(calls == 0);
  const auto* decision = r.error().get<kit::casbin::decision>();
  REQUIRE(decision != nullptr);
  CHECK_FALSE(decision->allowed());
}

TEST_CASE("auth/casbin: a model built in code, with patterns [auth/casbin:3]") {
  const auto allows = [e = paths()](const char* sub, const char* obj, const char* act) {
    return call(auth::casbin(e, {.ask = {sub, obj, act}})).has_value();
  };
  CHECK(allows("alice", "/alice_data/resource1", "GET"));
  CHECK_FALSE(allows("alice", "/alice_data/resource2", "POST"));
  CHECK(allows("alice", "/alice_data/resource1", "POST"));
  CHECK(allows("bob", "/alice_data/resource2", "GET"));
  CHECK_FALSE(allows("bob", "/alice_data/resource1", "GET"));
  CHECK(allows("cathy", "/cathy_data", "POST"));
  CHECK_FALSE(allows("cathy", "/cathy_data", "DELETE"));
}

TEST_CASE("auth/casbin: model and policy from files [auth/casbin:4]") {
  const auto folder = std::filesystem::temp_directory_path() / "cokit-auth-casbin";
  std::filesystem::create_directories(folder);
  const auto conf = (folder / "basic_model.conf").string();
  const auto csv = (folder / "basic_policy.csv").string();
  std::ofstream(conf) << "[request_definition]\nr = sub, obj, act\n\n"
                         "[policy_definition]\np = sub, obj, act\n\n"
                         "[policy_effect]\ne = some(where (p.eft == allow))\n\n"
                         "[matchers]\nm = r.sub == p.sub && r.obj == p.obj && r.act == p.act\n";
  std::ofstream(csv) << "p, alice, data1, read\np, bob, data2, write\n";
  const auto e = std::make_shared<enforcer>(model::load(conf).value(), policy::load(csv).value());
  std::filesystem::remove_all(folder);
  CHECK(call(auth::casbin(e, {.ask = {"alice", "data1", "read"}})).has_value());
  CHECK_FALSE(call(auth::casbin(e, {.ask = {"alice", "data1", "write"}})).has_value());
}

TEST_CASE("auth/casbin: what the enforcer fails with is returned as it is [auth/casbin:5]") {
  const auto few = call(auth::casbin(paths(), {.ask = {"alice", "/alice_data/resource1"}}));
  CHECK(few.error() == paths()->try_enforce({"alice", "/alice_data/resource1"}).error());
  CHECK(few.error().refused());
  const auto number = call(auth::casbin(paths(), {.ask = {"alice", 7, "GET"}}));
  CHECK(number.error() == paths()->try_enforce({"alice", 7, "GET"}).error());
  CHECK(number.error() == errc::failed_precondition);
  CHECK(calls == 0);
  CHECK(model::load("/nonexistent/model.conf").error() == errc::not_found);
}

TEST_CASE("auth/casbin: keyMatch and regexMatch as in Go casbin [auth/casbin:6]") {
  const auto e = paths();
  CHECK(e->enforce({"bob", "/bob_data/any/thing", "POST"}));
  CHECK(e->enforce({"bob", "/bob_data/", "REPOST"}));
  CHECK_FALSE(e->enforce({"bob", "/bob_data", "POST"}));
}

TEST_CASE("auth/casbin: without a model or a policy there is no enforcer, and it is said why") {
  const auto problem = [](const context& with) {
    try {
      (void)auth::make_casbin_enforcer(with);
    } catch (const error& e) {
      return e;
    }
    FAIL("nothing was thrown");
    return error(errc::unknown);
  };
  CHECK(problem({}) == error(errc::invalid_argument, "CasbinModel is required in context"));
  CHECK(problem(context().with(path_policy())).message() == "CasbinModel is required in context");
  CHECK(problem(context().with(path_model())) ==
        error(errc::invalid_argument, "CasbinPolicy is required in context"));
  CHECK(problem(context().with(path_model()).with(policy().add("p", {"a"}))).message() ==
        "casbin policy: rule 1: 'p' has 1 fields, the model says 3");
  CHECK_THROWS_AS(auth::casbin{nullptr}, error);
  CHECK_THROWS_AS(by_path(nullptr), error);
}

TEST_CASE("auth/casbin: by default asks whether who is asking may call that endpoint") {
  model m;
  m.add("r", "sub, obj, act").add("p", "sub, obj, act").add("e", "some(where (p.eft == allow))");
  m.add("m", "r.sub == p.sub && r.obj == p.obj && r.act == p.act");
  const auto e = std::make_shared<enforcer>(m, policy().add("p", {"alice", "sum", "call"}));
  CHECK(call(auth::casbin(e), as("alice"))->subject == "alice");
  CHECK(call(auth::casbin(e), as("bob")).error() == errc::permission_denied);
  CHECK(call(auth::casbin(e)).error() == error(errc::unauthenticated, "nobody has signed in"));
  CHECK(call(auth::casbin(e), as("")).error() == errc::unauthenticated);
  CHECK(call(auth::casbin(e)).error().refused());
  CHECK(calls == 0);
}

TEST_CASE("auth/casbin: values from the call, with domains") {
  model m;
  m.add("r", "sub, dom, age").add("p", "sub, dom").add("e", "some(where (p.eft == allow))");
  m.add("m", "r.sub == p.sub && r.dom == p.dom && r.age > 18");
  const auto e = std::make_shared<enforcer>(m, policy().add("p", {"alice", "acme"}));
  const auto with_age = [&](int age) {
    return auth::casbin(e, {.ask = {casbin_value::subject(), casbin_value::tenant(),
                                    [age](const kit::call&) { return value(age); }}});
  };
  const auto alice = context().with(identity{.subject = "alice", .tenant = "acme"});
  CHECK(call(with_age(19), alice).has_value());
  CHECK_FALSE(call(with_age(18), alice).has_value());
  CHECK(call(with_age(19), as("alice")).error() == errc::permission_denied);
  CHECK(call(with_age(19)).error() == errc::unauthenticated);
  const auto failing = auth::casbin(e, {.ask = {[](const kit::call&) -> result<value> {
                                          return kit::fail(errc::unavailable, "no directory");
                                        }}});
  CHECK(call(failing).error() == error(errc::unavailable, "no directory"));
  const auto throwing = auth::casbin(
      e, {.ask = {[](const kit::call&) -> value { throw error(errc::unavailable, "no"); }}});
  CHECK(call(throwing).error() == error(errc::unavailable, "no"));
  CHECK(call(auth::casbin(e, {.ask = {casbin_value::tenant(), 1, 2}})).error() ==
        errc::unauthenticated);
}

TEST_CASE("auth/casbin: other definitions of the model") {
  model m = path_model();
  m.add("m2", "r.act == 'GET'");
  const auto e = std::make_shared<enforcer>(m, path_policy());
  CHECK(call(auth::casbin(e, {.ask = {"eve", "/x", "GET"}, .by = {.matcher = "m2"}})).has_value());
  CHECK_FALSE(
      call(auth::casbin(e, {.ask = {"eve", "/x", "PUT"}, .by = {.matcher = "m2"}})).has_value());
}

TEST_CASE("auth/casbin: the policy may change while calls are made") {
  const auto e = paths();
  const auto layer = auth::casbin(e, {.ask = {"alice", "/alice_data/x", "GET"}});
  CHECK(call(layer).has_value());
  e->set_policy({});
  CHECK_FALSE(call(layer).has_value());
}

TEST_CASE("auth/casbin: of several enforcers the innermost one is in the context") {
  const auto outer = paths();
  const auto inner = paths();
  const auto ask = [](const auto& e) {
    return auth::casbin(e, {.ask = {"alice", "/alice_data/x", "GET"}});
  };
  CHECK(call(kit::chain(ask(outer), ask(outer)))->used == outer);
  CHECK(call(kit::chain(ask(outer), ask(inner)))->used == inner);
}

TEST_CASE("auth/casbin: by request: object from the request, subject from the context") {
  const auto e = paths();
  const auto r = call(by_path(e), as("alice"), "/alice_data/x");
  REQUIRE(r.has_value());
  CHECK(r->used == e);
  CHECK(r->subject == "alice");
  const auto denied = call(by_path(e), as("alice"), "/bob_data/x");
  CHECK(denied.error() == error(errc::permission_denied, "Unauthorized Access"));
  CHECK(denied.error().refused());
  CHECK(calls == 0);
}

TEST_CASE("auth/casbin: by request: what can't be asked refuses the call") {
  const auto e = paths();
  const auto nobody = call(by_path(e), {}, "/alice_data/x");
  CHECK(nobody.error() == error(errc::unauthenticated, "nobody has signed in"));
  CHECK(nobody.error().refused());
  const auto throwing =
      auth::casbin_by_request(e, [](const request&, const context&) -> auth::casbin_question {
        throw error(errc::unavailable, "no directory");
      });
  CHECK(call(throwing).error() == error(errc::unavailable, "no directory"));
  const auto few = auth::casbin_by_request(
      e, [](const request&, const context&) { return auth::casbin_question{"alice"}; });
  CHECK(call(few).error() == errc::invalid_argument);
  CHECK(calls == 0);
}

TEST_CASE("auth/casbin: by request: errors and cancellation of what comes next pass through") {
  const auto e =
      std::make_shared<enforcer>(path_model(), policy().add("p", {"alice", "/*", "GET"}));
  const auto failed = call(by_path(e), as("alice"), "/fail");
  CHECK(failed.error() == error(errc::internal, "broken"));
  CHECK_FALSE(failed.error().refused());

  kit::testing::loop loop;
  const auto ep = by_path(e)(endpoint(handle));
  using namespace std::chrono_literals;
  auto late = loop.start(
      kit::with_context(as("alice"), kit::with_timeout(1s, ep.try_call(request{"/wait"}))));
  CHECK(late.pending());
  loop.advance(1s);
  CHECK(late.error() == errc::deadline_exceeded);
}

TEST_CASE("auth/casbin: has a name in lists of layers") {
  CHECK(kit::layer_name<auth::casbin>() == "casbin");
  const auto ep = kit::chain(auth::casbin(paths()), by_path(paths()))(endpoint(handle), "sum");
  REQUIRE(ep.layers().size() == 2);
  CHECK(ep.layers()[0] == "casbin");
  CHECK(ep.layers()[1] == "casbin");
}
