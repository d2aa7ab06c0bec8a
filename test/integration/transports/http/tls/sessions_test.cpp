// Sessions that are resumed, and files that are read again.
#include <memory>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <kit/connection_info.hpp>
#include <kit/tls/server_context.hpp>

#include "../../../../support/http_server/held.hpp"
#include "../../../../support/http_server/tls_world.hpp"

namespace {

namespace http = kit::http;
namespace tls = kit::tls;
using namespace std::chrono_literals;

constexpr int tls_1_2 = 0x0303, tls_1_3 = 0x0304;

#define WORLDS test::tls_loop_world, test::tls_strand_world

// A site whose files change.
struct changing_site : test::tls_site {
  std::shared_ptr<tls::server_context> served;

  explicit changing_site(tls::server_options o = {}) {
    issue("first");
    o.certificates = {{folder.file("site.pem"), folder.file("site.key")}};
    served = std::make_shared<tls::server_context>(std::move(o));
  }
  void issue(const std::string& name) {
    ca.issue({.common_name = name, .alternative_names = "DNS:localhost"}, folder, "site");
  }
  test::tls_client_options client(int version = 0) const {
    auto o = test::tls_site::client();
    o.max_version = version;
    return o;
  }
};

template <class World>
test::tls_ticket ticket_of(World& w, const test::tls_client_options& o) {
  test::tls_client c(w, o);
  CHECK_FALSE(c.tls().resumed());
  CHECK(c->get("/first").answer().body == "/first");
  return c.tls().ticket();
}

template <class World>
bool resumes(World& w, test::tls_client_options o, const test::tls_ticket& ticket) {
  o.resume = ticket;
  test::tls_client c(w, o);
  CHECK(c->get("/second").answer().body == "/second");
  return c.tls().resumed();
}

}  // namespace

TEST_CASE_TEMPLATE("https: sessions are resumed", World, WORLDS) {
  tls::server_options o;
  bool resumed = true;
  SUBCASE("by tickets") {}
  SUBCASE("by the server's own memory") {
    o.session_tickets = false;
  }
  SUBCASE("not at all") {
    o.session_tickets = false;
    o.session_cache_size = 0;
    resumed = false;
  }
  const changing_site site(o);
  World w(test::tell_target, {.tls = site.served});
  for (int version : {tls_1_2, tls_1_3}) {
    CAPTURE(version);
    const auto ticket = ticket_of(w, site.client(version));
    CHECK(resumes(w, site.client(version), ticket) == resumed);
  }
}

TEST_CASE_TEMPLATE("https: after a reset, too, a session is resumed", World, WORLDS) {
  const changing_site site({.session_tickets = false});
  World w(test::tell_target, {.tls = site.served});
  auto o = site.client(tls_1_2);
  test::tls_client first(w, o);
  CHECK(first->get("/").answer().status == 200);
  first.below().reset();
  w.run();
  CHECK(w.server->connections() == 0);
  CHECK(resumes(w, o, first.tls().ticket()));
}

TEST_CASE_TEMPLATE("https: another server's tickets are worth nothing", World, WORLDS) {
  const changing_site one, other;
  test::tls_ticket ticket;
  {
    World w(test::tell_target, {.tls = one.served});
    ticket = ticket_of(w, one.client());
  }
  World w(test::tell_target, {.tls = other.served});
  CHECK_FALSE(resumes(w, other.client(), ticket));
}

TEST_CASE_TEMPLATE("https: files are read again, for the connections that come", World, WORLDS) {
  changing_site site;
  World w(test::tell_target, {.tls = site.served});
  test::tls_client before(w, site.client());
  CHECK(before.tls().server_common_name() == "first");
  site.issue("second");
  CHECK(site.served->reload());
  test::tls_client after(w, site.client());
  CHECK(after.tls().server_common_name() == "second");
  CHECK(after->get("/after").answer().body == "/after");
  CHECK(before->get("/before").answer().body == "/before");
}

TEST_CASE_TEMPLATE("https: broken files change nothing", World, WORLDS) {
  changing_site site;
  World w(test::tell_target, {.tls = site.served});
  std::string file;
  SUBCASE("no certificate") {
    file = site.folder.write("site.pem", "nothing");
  }
  SUBCASE("no key") {
    file = site.folder.write("site.key", "nothing");
  }
  SUBCASE("another one's key") {
    file = site.folder.write("site.key", site.ca.issue({.common_name = "other"}).key);
  }
  const auto done = site.served->reload();
  REQUIRE_FALSE(done);
  CHECK(done.error() == kit::errc::invalid_argument);
  CHECK(done.error().message().find(file) != std::string::npos);
  test::tls_client c(w, site.client());
  CHECK(c.tls().server_common_name() == "first");
  CHECK(c->get("/").answer().status == 200);

  site.issue("second");
  CHECK(site.served->reload());
  CHECK(test::tls_client(w, site.client()).tls().server_common_name() == "second");
}

TEST_CASE_TEMPLATE("https: tickets outlive new files, unless other clients are let in", World,
                   WORLDS) {
  test::scratch_folder folder;
  const test::authority one("One"), two("Two");
  const auto ca_file = folder.write("clients.pem", one.certificate());
  bool resumed = true;
  SUBCASE("a new certificate") {}
  SUBCASE("another authority of the clients") {
    resumed = false;
  }
  changing_site site({.clients = tls::client_certificates::requested, .ca_file = ca_file});
  World w(test::tell_target, {.tls = site.served});
  const auto ticket = ticket_of(w, site.client());
  site.issue("second");
  if (!resumed) folder.write("clients.pem", two.certificate());
  REQUIRE(site.served->reload());
  CHECK(resumes(w, site.client(), ticket) == resumed);
}
