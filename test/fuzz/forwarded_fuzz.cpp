// What proxies say: it is written as it was read, and nothing that a client puts in front changes
// who it is taken for.
#include <kit/http/forwarded.hpp>
#include <kit/http/syntax.hpp>
#include <kit/http/target.hpp>

#include "fuzz.hpp"

#include <string>

namespace {

namespace http = kit::http;
using basis = http::client_origin::basis;

std::string printable(std::string_view text) {
  std::string out;
  for (char c : text)
    out += http::is_value_char(c) ? c : '_';
  return out;
}

const kit::ip_networks trusted{"10.0.0.0/8", "::1", "fd00::/8"};
constexpr const char* peer = "10.0.0.7:50412";

const http::forwarding_options by_forwarded{.trusted = trusted, .forwarded = true};
const http::forwarding_options by_x_forwarded{.trusted = trusted, .x_forwarded_host = true};

http::client_origin find(const http::headers& fields, const http::forwarding_options& options) {
  const auto o = http::find_client(peer, fields, options);
  if (o.from == basis::forwarded) {
    FUZZ_REQUIRE(kit::parse_ip_endpoint(o.address));
    FUZZ_REQUIRE(o.scheme.empty() || o.scheme == "http" || o.scheme == "https");
    FUZZ_REQUIRE(o.host.empty() || http::parse_authority(o.host));
  } else {
    FUZZ_REQUIRE(o.address == peer && o.scheme.empty() && o.host.empty());
  }
  return o;
}

void check_forwarded(const std::string& client, const std::string& proxies) {
  if (const auto hops = http::parse_forwarded(proxies)) {
    std::string again;
    for (const auto& hop : *hops)
      again += http::format_forwarded(hop) + (again.empty() ? "," : " , ");
    const auto parsed = http::parse_forwarded(again);
    FUZZ_REQUIRE(parsed);
    // Elements without any parameter that is known vanish.
    std::size_t i = 0;
    for (const auto& hop : *hops)
      FUZZ_REQUIRE(hop == http::forwarded_hop{} || parsed->at(i++) == hop);
    FUZZ_REQUIRE(i == parsed->size());
  }
  const auto o = find({{"Forwarded", proxies}}, by_forwarded);
  if (o.from == basis::forwarded && !trusted.contains(o.address)) {
    FUZZ_REQUIRE(find({{"Forwarded", client + "," + proxies}}, by_forwarded) == o);
    FUZZ_REQUIRE(find({{"Forwarded", client}, {"Forwarded", proxies}}, by_forwarded) == o);
  }
}

void check_x_forwarded(const std::string& client, const std::string& proxies) {
  const auto& options = by_x_forwarded;
  const auto o = find({{"X-Forwarded-For", proxies}}, options);
  if (o.from == basis::forwarded && !trusted.contains(o.address)) {
    FUZZ_REQUIRE(find({{"X-Forwarded-For", client + "," + proxies}}, options) == o);
    FUZZ_REQUIRE(find({{"X-Forwarded-For", client}, {"X-Forwarded-For", proxies}}, options) == o);
  }
  find({{"X-Forwarded-For", client}, {"X-Forwarded-Proto", proxies}}, options);
  find({{"X-Forwarded-Proto", client}, {"X-Forwarded-Host", proxies}}, options);

  // What isn't believed changes nothing.
  const http::forwarding_options scheme_only{.trusted = trusted, .x_forwarded_for = false};
  const auto scheme = find({{"X-Forwarded-Proto", proxies}}, scheme_only);
  FUZZ_REQUIRE(scheme.address == peer);
  FUZZ_REQUIRE(find({{"X-Forwarded-For", client},
                     {"X-Forwarded-Proto", proxies},
                     {"X-Forwarded-Host", client}},
                    scheme_only) == scheme);
}

void check_network(std::string_view text) {
  const fuzz::tight in(text);
  const auto n = kit::ip_networks::parse(in.view());
  const auto endpoint = kit::parse_ip_endpoint(in.view());
  if (!endpoint) return;
  const bool alone = in.view() == endpoint->address && text.find('%') == text.npos;
  FUZZ_REQUIRE(n.has_value() == alone);
  if (alone) FUZZ_REQUIRE(n->contains(in.view()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in(data, size);
  check_network(in.rest());
  const auto client = printable(in.until('\n'));
  const auto proxies = printable(in.until('\n'));
  check_forwarded(client, proxies);
  check_x_forwarded(client, proxies);
  return 0;
}
