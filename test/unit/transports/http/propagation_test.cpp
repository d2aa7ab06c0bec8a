#include <string>

#include <doctest/doctest.h>

#include <kit/http/grpc_timeout.hpp>
#include <kit/metadata.hpp>
#include <transports/http/propagation.hpp>

namespace http = kit::http;
using namespace std::chrono_literals;

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
