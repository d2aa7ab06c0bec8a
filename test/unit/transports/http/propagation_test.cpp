#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <kit/credentials.hpp>
#include <kit/http/grpc_timeout.hpp>
#include <kit/metadata.hpp>
#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>
#include <transports/http/endpoint_of.hpp>
#include <transports/http/propagation.hpp>

#include "test/support/played_server.hpp"

namespace http = kit::http;
using namespace std::chrono_literals;
using test::played;

TEST_CASE("grpc timeout: as fine as eight digits allow, and back") {
  const std::pair<kit::duration, std::string> texts[] = {
      {0ns, "0n"},        {-1s, "0n"},          {1ns, "1n"},       {99'999'999ns, "99999999n"},
      {100ms, "100000u"}, {1500ms, "1500000u"}, {100s, "100000m"}, {24h, "86400000m"},
      {48h, "172800S"},
  };
  for (const auto& [span, text] : texts) {
    CAPTURE(text);
    CHECK(http::format_grpc_timeout(span) == text);
    CHECK(http::parse_grpc_timeout(text) == std::max(span, kit::duration(0)));
  }
  CHECK(http::format_grpc_timeout(kit::duration::max()) == "2562047H");
  CHECK(http::parse_grpc_timeout("99999999H") == kit::duration::max());
  CHECK(http::parse_grpc_timeout("7M") == 7min);
}

TEST_CASE("grpc timeout: what isn't one") {
  for (const auto* text :
       {"", "n", "1", "-1S", "+1S", "1s", "1.5S", " 1S", "1 S", "123456789n", "1Sx", "S1"}) {
    CAPTURE(text);
    CHECK(http::parse_grpc_timeout(text) == std::nullopt);
  }
}

TEST_CASE("propagation: what one side puts into the fields, the other takes out") {
  const kit::time_point now{1h};
  const kit::cancel_source limited(
      kit::context().with(kit::metadata{{"tenant", "a"}, {"x-tag", "1"}, {"x-tag", "2"}}),
      now + 3s);
  http::headers fields{{"Grpc-Timeout", "9S"}, {"Grpc-Metadata-Tenant", "old"}, {"X", "y"}};
  http::inject_context(fields, limited.context(), now);
  CHECK(http::extract_timeout(fields) == 3s);
  const auto ctx = http::extract_metadata(fields, {});
  CHECK(ctx.metadata() == kit::metadata{{"tenant", "a"}, {"x-tag", "1"}, {"x-tag", "2"}});
  CHECK(fields.get("x") == "y");
}

TEST_CASE("propagation: nothing to say, and what is malformed") {
  http::headers fields;
  http::inject_context(fields, {}, {});
  CHECK(fields.empty());
  http::inject_context(fields, kit::context().with(kit::metadata{{"a b", "x"}, {"k", "v\nw"}}), {});
  CHECK(fields.empty());
  CHECK(http::extract_timeout(fields) == std::nullopt);
  CHECK(http::extract_metadata(fields, {}) == kit::context());
  CHECK(http::extract_timeout({{"Grpc-Timeout", "x"}}) == std::nullopt);
  CHECK(http::extract_metadata({{"Grpc-Metadata-", "x"}}, {}) == kit::context());
}

TEST_CASE(
    "endpoint_of: credentials for the callee are in the fields, once, and only those "
    "[auth/jwt:13] [not auth/jwt:D3]") {
  kit::testing::loop loop;
  played server;
  const auto ep = http::endpoint_of<std::string, std::string>(
      server.handler(), http::method::get, "http://a/", [](std::string, http::request&) {},
      [](http::response& r) { return std::string(r.body.text()); },
      {.before = {[](const kit::context& ctx, http::request& r) {
         r.headers.set("Authorization", "Bearer old");
         return ctx;
       }},
       .propagate = false});
  const auto sent_in = [&](const kit::context& ctx) {
    CHECK(loop.start(kit::with_context(ctx, ep.try_call(std::string()))).value());
    return server.requests.back().headers;
  };
  const auto shown = kit::context().with(kit::credentials{"Basic YTpi", "theirs"});
  CHECK(sent_in(shown).get_all("authorization") == std::vector<std::string_view>{"Bearer old"});
  CHECK_FALSE(sent_in(shown).get("x-api-key"));
  const auto own = sent_in(shown.with(kit::outgoing_credentials{"Bearer new", "k"}));
  CHECK(own.get_all("authorization") == std::vector<std::string_view>{"Bearer new"});
  CHECK(own.get("x-api-key") == "k");
  CHECK(sent_in(kit::context().with(kit::outgoing_credentials{"Bearer a\nb", "c\r\nd"}))
            .get_all("authorization") == std::vector<std::string_view>{"Bearer old"});
}
