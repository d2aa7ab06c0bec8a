#include <middleware/call_key.hpp>

#include <string>

#include <doctest/doctest.h>

#include <kit/connection_info.hpp>
#include <kit/identity.hpp>
#include <kit/metadata.hpp>

using namespace kit::middleware;

TEST_CASE("call_key: by the client's address, of IPv6 by its network") {
  const auto key = by_client_address();
  const auto of = [&](std::string remote) {
    return key(kit::context().with(
        kit::connection_info{.remote_address = std::move(remote), .local_address = ""}));
  };
  CHECK(of("10.0.0.7:50412") == "10.0.0.7");
  CHECK(of("10.0.0.7") == "10.0.0.7");
  CHECK(of("[2001:db8:1:2:3:4:5:6]:50412") == "2001:db8:1:2::/64");
  CHECK(of("2001:db8:1:2:3:4:5:7") == "2001:db8:1:2::/64");
  CHECK(of("::1") == "::/64");
  CHECK(of("[::ffff:10.0.0.7]:1") == "10.0.0.7");
  CHECK(of("unix:/run/x:y") == "unix:/run/x:y");
  CHECK(of("[rubbish]:x") == "rubbish");
  CHECK(of("[") == "");
  CHECK(of("") == "");
  CHECK(key({}) == "");
}

TEST_CASE("call_key: by identity, tenant, metadata") {
  const auto ctx = kit::context()
                       .with(kit::identity{.subject = "alice", .tenant = "acme"})
                       .with(kit::metadata{{"Client", "batch"}});
  CHECK(by_identity()(ctx) == "alice");
  CHECK(by_tenant()(ctx) == "acme");
  CHECK(by_metadata("client")(ctx) == "batch");
  CHECK(by_metadata("none")(ctx) == "");
  CHECK(by_identity()({}) == "");
  CHECK(by_tenant()({}) == "");
}
