// Tokens: whatever their bytes, and with a right signature around any header and any claims.
#include <kit/codec/base64.hpp>
#include <kit/codec/json.hpp>
#include <kit/jwt/jws.hpp>
#include <kit/jwt/sign.hpp>
#include <kit/jwt/verifier.hpp>

#include "fuzz.hpp"

#include <chrono>
#include <span>
#include <string>
#include <vector>

namespace jwt = kit::jwt;

namespace {

const jwt::key secret = jwt::key::secret(std::string(32, 's'), jwt::algorithm::hs256, {.id = "a"});
const jwt::key pair = jwt::key::from_jwk(
    R"({"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",)"
    R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"b"})");
const jwt::verifier verifier(jwt::key_set(std::vector{secret, pair}), {.clock = [] {
                               return jwt::wall_time(std::chrono::seconds(1'700'000'000));
                             }});

std::string url(std::string_view text) {
  return kit::base64::encode_url(std::as_bytes(std::span(text.data(), text.size())));
}

void check(const jwt::claims& c) {
  FUZZ_REQUIRE(c.all.type() == kit::json::kind::object);
  FUZZ_REQUIRE(!c.exp || *c.exp > jwt::wall_time(std::chrono::seconds(1'700'000'000)));
  const auto text = kit::json::encode(c);
  FUZZ_REQUIRE(text);
  const auto again = kit::json::decode<jwt::claims>(*text);
  FUZZ_REQUIRE(again && again->iss == c.iss && again->sub == c.sub && again->aud == c.aud);
  FUZZ_REQUIRE(again->exp == c.exp && again->nbf == c.nbf && again->iat == c.iat);
  FUZZ_REQUIRE(again->jti == c.jti && kit::json::encode(*again) == text);
  (void)c.member("user");
}

void any_bytes(std::string_view text) {
  const fuzz::tight token(text);
  const auto parsed = jwt::jws::parse(token.view());
  const auto claims = verifier.verify(token.view());
  FUZZ_REQUIRE(parsed || !claims);
  if (!claims) FUZZ_REQUIRE(claims.error().get<jwt::failure>());
  if (!parsed) return;
  FUZZ_REQUIRE(kit::json::raw::parse(*kit::base64::decode_url(text.substr(0, text.find('.')))));
}

void any_content(std::string_view head, std::string_view payload) {
  auto token = url(head) + '.' + url(payload);
  token += '.' + url(secret.sign(token).value());
  if (const auto claims = verifier.verify(token)) check(*claims);
  const auto whole = jwt::sign_jws(payload, pair).value();
  FUZZ_REQUIRE(payload.size() > 10'000 || jwt::verify_jws(whole, verifier.keys()) == payload);
}

void changed(fuzz::input in) {
  auto token = jwt::sign_jws(R"({"sub":"alice"})", secret).value();
  const auto at = in.below(token.size());
  const auto was = token[at];
  token[at] = static_cast<char>(in.below(256));
  FUZZ_REQUIRE(verifier.verify(token).has_value() == (token[at] == was));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in(data, size);
  switch (in.below(4)) {
    case 0:
      any_bytes(in.rest());
      break;
    case 1:
      any_content(R"({"alg":"HS256"})", in.rest());
      break;
    case 2: {
      const auto head = in.until('|');
      any_content(head, in.rest());
      break;
    }
    default:
      changed(in);
  }
  return 0;
}
