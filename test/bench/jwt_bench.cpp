// What verifying and signing a token costs.
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <kit/jwt/sign.hpp>
#include <kit/jwt/verifier.hpp>

#include "bench.hpp"

namespace jwt = kit::jwt;

namespace {

constexpr const char* p256 =
    R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",)"
    R"("d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"})";
constexpr const char* ed25519 =
    R"({"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",)"
    R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";
// A public key; there is no signature for it, which takes as long.
const std::string rsa =
    R"({"kty":"RSA","alg":"RS256","e":"AQAB","n":"3LTy6_B2R8Oqd73qlSew-kxcT6h)"
    R"(IeRXrUtQ1Wp6eDfA0KmylQ2DsdPVqgd-l3507xq5Vge0K_Kkw4qAMaeoQWs5MgelmSvxkMxZ)"
    R"(YHgRGp3vAvPSBl-qklGJGDV0s7gl09b39E0hsZm6MRjAA4y_bTvoHg7VsJ43nitOQDrSHubN)"
    R"(fXr0kjq7Iy7NX8vcMxUE1Bh2QKTjganksR114A1OUpEzbJZKBiwitNSPollJrKywEALnJsqi)"
    R"(6SaLbrpdm91wb9JUu5_-v1_SfyltiilJBfmRi63LbfrhAGm92VFaIVB6gPRGcaJtthBBnsds)"
    R"(aW_331sgitgQqffaeHzQ5R-xydw"})";

void compare(const char* name, const jwt::key& k, double seconds) {
  const auto now = std::chrono::system_clock::now();
  const jwt::claims c{.iss = "https://issuer.example",
                      .sub = "0b5e2f2c-8d4f-4c1e-9a53-4f6f7f0c2a11",
                      .aud = {"orders"},
                      .exp = now + std::chrono::hours(1),
                      .iat = now};
  const jwt::verifier v(k, {.issuers = {"https://issuer.example"}, .audiences = {"orders"}});
  const auto token = jwt::sign(c, k).value();
  if (!v.verify(token)) std::abort();
  const std::string label(name);
  bench::measure((label + ": verify a token").c_str(), seconds, token.size(),
                 [&] { (void)v.verify(token); });
  const auto signature = k.sign(token).value();
  bench::measure((label + ": its signature alone").c_str(), seconds, token.size(),
                 [&] { (void)k.verify(token, signature); });
  bench::measure((label + ": sign a token").c_str(), seconds, token.size(),
                 [&] { (void)jwt::sign(c, k); });
}

}  // namespace

int main(int count, char** arguments) {
  const double seconds = bench::seconds_option(count, arguments, 1);
  compare("HS256", jwt::key::secret(std::string(32, 's'), jwt::algorithm::hs256), seconds);
  compare("ES256", jwt::key::from_jwk(p256), seconds);
  compare("EdDSA", jwt::key::from_jwk(ed25519), seconds);
  const auto k = jwt::key::from_jwk(rsa);
  const std::string signature(256, '\x11');
  bench::measure("RS256: a signature alone", seconds, 300,
                 [&] { (void)k.verify(signature, signature); });
}
