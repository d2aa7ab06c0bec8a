#include <kit/jwt/key.hpp>

#include <array>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "keys.hpp"
#include "pems.hpp"

using kit::errc;
using kit::jwt::algorithm;
using kit::jwt::key;
using test::pems_of;
using test::refusal_of;
using namespace std::string_view_literals;

namespace {

constexpr std::string_view start = "jwt: the key can't be used: ";

std::string why(const std::string& refusal) {
  return refusal.starts_with(start) ? refusal.substr(start.size()) : refusal;
}
std::string pem_refusal(const std::string& pem, kit::jwt::key_options o = {}) {
  return why(refusal_of([&] { key::from_pem(pem, std::move(o)); }));
}
std::string jwk_refusal(std::string_view json, kit::jwt::key_options o = {}) {
  return why(refusal_of([&] { key::from_jwk(json, std::move(o)); }));
}

std::string oct(const std::string& more) {
  return R"({"kty":"oct","k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY")" + more + "}";
}

struct kind {
  std::string_view name;
  algorithm alg;
  std::size_t signature;  // bytes
};
constexpr kind kinds[] = {{"RSA-2048", algorithm::rs256, 256}, {"RSA-2048", algorithm::rs384, 256},
                          {"RSA-2048", algorithm::rs512, 256}, {"RSA-2048", algorithm::ps256, 256},
                          {"RSA-2048", algorithm::ps384, 256}, {"RSA-2048", algorithm::ps512, 256},
                          {"P-256", algorithm::es256, 64},     {"P-384", algorithm::es384, 96},
                          {"P-521", algorithm::es512, 132},    {"ED25519", algorithm::eddsa, 64},
                          {"ED25519", algorithm::ed25519, 64}, {"ED448", algorithm::eddsa, 114},
                          {"ED448", algorithm::ed448, 114}};

}  // namespace

TEST_CASE("jwt::key: each algorithm signs and verifies, from each form of PEM") {
  for (const auto& k : kinds) {
    CAPTURE(k.name);
    CAPTURE(kit::jwt::name(k.alg));
    const auto& p = pems_of(k.name);
    for (const auto& secret : {p.pkcs8, p.traditional}) {
      if (secret.empty()) continue;  // EdDSA has no traditional form
      const auto signer = key::from_pem(secret, {.algorithm = k.alg, .id = "a"});
      CHECK(signer.can_sign());
      CHECK(signer.id() == "a");
      const auto signature = signer.sign("message").value();
      CHECK(signature.size() == k.signature);
      for (const auto& known : {p.spki, p.pkcs1_public, p.certificate, secret}) {
        if (known.empty()) continue;
        const auto verifier = key::from_pem(known, {.algorithm = k.alg});
        CHECK(verifier.algorithm() == k.alg);
        CHECK_FALSE(verifier.symmetric());
        CHECK(verifier.verify("message", signature));
        CHECK(verifier.verify("message", signature));
        CHECK_FALSE(verifier.verify("massage", signature));
        CHECK_FALSE(verifier.verify("message", signature.substr(1)));
        CHECK_FALSE(verifier.verify("message", signature + 'x'));
        CHECK_FALSE(verifier.verify("message", ""));
        CHECK(verifier.verify("message", signature));
      }
    }
  }
}

TEST_CASE("jwt::key: HMAC, again and again, on several threads") {
  for (const auto& [alg, size] :
       {std::pair(algorithm::hs256, 32), {algorithm::hs384, 48}, {algorithm::hs512, 64}}) {
    const auto k = key::secret(std::string(64, 's'), alg);
    CHECK(k.symmetric());
    CHECK(k.can_sign());
    const auto a = k.sign("a").value();
    const auto b = k.sign("b").value();
    CHECK(a.size() == static_cast<std::size_t>(size));
    CHECK(a != b);
    CHECK(k.sign("a").value() == a);
    std::vector<std::thread> threads;
    std::array<int, 4> wrong{};
    for (auto& w : wrong) {
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i)
          w += !k.verify("a", a) + !k.verify("b", b) + k.verify("a", b);
      });
    }
    for (auto& t : threads)
      t.join();
    CHECK(wrong == std::array<int, 4>{});
  }
}

TEST_CASE(
    "jwt::key: an RSA signature has all its bytes, zeros at its start, too (RFC 8017 8.1.2)") {
  for (const auto a : {algorithm::rs256, algorithm::ps256}) {
    const auto k = key::from_pem(pems_of("RSA-2048").pkcs8, {.algorithm = a});
    std::string message, signature;
    do {  // one of 256 on average
      message += 'm';
      signature = k.sign(message).value();
    } while (signature.front() != 0);
    CHECK(k.verify(message, signature));
    CHECK_FALSE(k.verify(message, signature.substr(1)));
    CHECK_FALSE(k.verify(message, '\0' + signature));
  }
}

TEST_CASE("jwt::key: ECDSA and RSA on several threads") {
  for (const auto& [kind, alg] :
       {std::pair("P-256", algorithm::es256), {"RSA-2048", algorithm::ps256}}) {
    const auto k = key::from_pem(pems_of(kind).pkcs8, {.algorithm = alg});
    const auto a = k.sign("a").value();
    std::vector<std::thread> threads;
    std::array<int, 4> wrong{};
    for (auto& w : wrong) {
      threads.emplace_back([&] {
        for (int i = 0; i < 20; ++i)
          w += !k.verify("a", a) + k.verify("b", a) + !k.verify("b", k.sign("b").value());
      });
    }
    for (auto& t : threads)
      t.join();
    CHECK(wrong == std::array<int, 4>{});
  }
}

TEST_CASE("jwt::key: HMAC is that of RFC 4231") {
  const auto k = key::secret("Jefe", algorithm::hs256, {.allow_weak = true});
  const auto expected =
      "\x5b\xdc\xc1\x46\xbf\x60\x75\x4e\x6a\x04\x24\x26\x08\x95\x75\xc7"
      "\x5a\x00\x3f\x08\x9d\x27\x39\x83\x9d\xec\x58\xb9\x64\xec\x38\x43"sv;
  CHECK(k.sign("what do ya want for nothing?").value() == expected);
}

TEST_CASE("jwt::key: a secret is as long as the hash, if nothing else is allowed") {
  const auto refused = [](std::size_t size, algorithm a, bool weak = false) {
    return why(refusal_of([&] { key::secret(std::string(size, 's'), a, {.allow_weak = weak}); }));
  };
  const std::string too_short = "the secret must be as long as the hash (RFC 7518 3.2)";
  CHECK(refused(31, algorithm::hs256) == too_short);
  CHECK(refused(32, algorithm::hs256) == "");
  CHECK(refused(47, algorithm::hs384) == too_short);
  CHECK(refused(63, algorithm::hs512) == too_short);
  CHECK(refused(1, algorithm::hs512, true) == "");
  CHECK(refused(0, algorithm::hs256, true) == too_short);
}

TEST_CASE("jwt::key: a key has one algorithm, which is one for its kind") {
  const std::string_view other = "its algorithm is not one for its kind";
  CHECK(pem_refusal(pems_of("RSA-2048").spki) == "nothing says for which algorithm it is");
  CHECK(pem_refusal(pems_of("RSA-2048").spki, {.algorithm = algorithm::es256}) == other);
  CHECK(pem_refusal(pems_of("P-256").spki, {.algorithm = algorithm::es384}) == other);
  CHECK(pem_refusal(pems_of("P-256").spki, {.algorithm = algorithm::rs256}) == other);
  CHECK(pem_refusal(pems_of("ED25519").spki, {.algorithm = algorithm::ed448}) == other);
  CHECK(pem_refusal(pems_of("ED448").spki, {.algorithm = algorithm::ed25519}) == other);
  CHECK(key::from_pem(pems_of("P-384").spki).algorithm() == algorithm::es384);
  CHECK(key::from_pem(pems_of("ED448").spki).algorithm() == algorithm::eddsa);
  // The text of a public key is no secret to be guessed at: HMAC takes only what is said to be one.
  CHECK(pem_refusal(pems_of("RSA-2048").spki, {.algorithm = algorithm::hs256}) == other);
  CHECK(why(refusal_of([] { key::secret(std::string(64, 's'), algorithm::rs256); })) == other);
  CHECK(jwk_refusal(oct("")) == "nothing says for which algorithm it is");
  CHECK(jwk_refusal(oct(R"(,"alg":"HS256")"), {.algorithm = algorithm::hs512}) ==
        "it is for another algorithm");
  CHECK(jwk_refusal(oct(R"(,"alg":"RS256")")) == other);
  CHECK(jwk_refusal(oct(R"(,"alg":"none")")) == "its alg is not known, or not one for signatures");
  CHECK(jwk_refusal(oct(R"(,"alg":"hs256")")) == "its alg is not known, or not one for signatures");
}

TEST_CASE("jwt::key: PEM that can't be used") {
  CHECK(pem_refusal("") == "there is none in the PEM text");
  CHECK(pem_refusal("rubbish") == "there is none in the PEM text");
  CHECK(pem_refusal(std::string(1 << 21, 'x')) == "a PEM text of more than 1 MiB");
  CHECK(pem_refusal("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n") ==
        "PUBLIC KEY is malformed");
  CHECK(pem_refusal("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n") ==
        "CERTIFICATE is malformed");
  CHECK(pem_refusal("-----BEGIN CSR-----\nAAAA\n-----END CSR-----\n") ==
        "there is none in the PEM text");
  CHECK(pem_refusal(pems_of("P-256").encrypted) == "it is encrypted");
  CHECK(pem_refusal(pems_of("secp256k1").spki) == "its curve is not known");
  CHECK(pem_refusal(pems_of("X25519").spki) == "it is of a kind that signs no tokens");
  const std::string ed =
      "-----BEGIN PUBLIC KEY-----\n"
      "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
      "-----END PUBLIC KEY-----\n";
  CHECK(pem_refusal(ed) == "");
  auto with_a_byte_more = ed;
  with_a_byte_more.replace(ed.find("URo="), 4, "URoA");
  CHECK(pem_refusal(with_a_byte_more) == "PUBLIC KEY is malformed");
  const auto cut = pems_of("P-256").spki;
  CHECK(pem_refusal(cut.substr(0, cut.size() / 2)) == "there is none in the PEM text");
  // What comes before a key doesn't matter.
  const auto with =
      "Bag Attributes\n-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
      "-----END EC PARAMETERS-----\n" +
      pems_of("P-256").traditional;
  CHECK(key::from_pem(with).can_sign());
}

TEST_CASE("jwt::key: RSA of at least 2048 bits, if nothing else is allowed") {
  const auto& weak = pems_of("RSA-1024").spki;
  CHECK(pem_refusal(weak, {.algorithm = algorithm::rs256}) ==
        "RSA needs at least 2048 bits (RFC 7518 3.3)");
  CHECK(pem_refusal(weak, {.algorithm = algorithm::rs256, .allow_weak = true}) == "");
  const auto large =
      R"({"kty":"RSA","alg":"RS256","e":"AQAB","n":")" + std::string(11000, '_') + "\"}";
  CHECK(jwk_refusal(large) == "RSA with more than 8192 bits");
  const auto exponent =
      R"({"kty":"RSA","alg":"RS256","e":"AQAAAAAAAAAAAQ","n":")" + std::string(341, '_') + "w\"}";
  CHECK(jwk_refusal(exponent) == "its public exponent has more than 64 bits");
}

TEST_CASE("jwt::key: use and key_ops of a JWK (RFC 7517 4.2, 4.3)") {
  const auto with = [](const std::string& more) { return oct(R"(,"alg":"HS256",)" + more); };
  CHECK(jwk_refusal(with(R"("use":"sig")")) == "");
  CHECK(jwk_refusal(with(R"("use":"enc")")) == "its use is not sig");
  CHECK(jwk_refusal(with(R"("key_ops":["encrypt"])")) ==
        "its key_ops have neither sign nor verify");
  CHECK(jwk_refusal(with(R"("key_ops":[])")) == "its key_ops have neither sign nor verify");
  CHECK(jwk_refusal(with(R"("key_ops":["sign","sign"])")) ==
        "one of its key_ops stands there twice");
  const auto verifies = key::from_jwk(with(R"("key_ops":["verify"])"));
  CHECK_FALSE(verifies.can_sign());
  CHECK(verifies.sign("a").error() == errc::failed_precondition);
  const auto signs = key::from_jwk(with(R"("key_ops":["sign"])"));
  CHECK_FALSE(signs.can_verify());
  CHECK_FALSE(signs.verify("a", signs.sign("a").value()));
  CHECK(verifies.verify("a", signs.sign("a").value()));
}

TEST_CASE("jwt::key: kid") {
  const auto k = oct(R"(,"alg":"HS256","kid":"one")");
  CHECK(key::from_jwk(k).id() == "one");
  CHECK(key::from_jwk(k, {.id = "one"}).id() == "one");
  CHECK(jwk_refusal(k, {.id = "two"}) == "its kid is another one");
  CHECK(key::from_jwk(oct(R"(,"alg":"HS256")"), {.id = "two"}).id() == "two");
}

TEST_CASE("jwt::key: JWKs that are none") {
  const auto begins = [](std::string_view json, std::string_view expected) {
    CAPTURE(json);
    const auto text = jwk_refusal(json);
    CAPTURE(text);
    CHECK(text.starts_with(expected));
  };
  begins("", "not a JWK: ");
  begins("[]", "not a JWK: $: expected object, got array");
  begins("{}", "its kty is not known");
  begins(R"({"kty":"oct","alg":"HS256"})", "k is missing");
  begins(R"({"kty":"oct","alg":"HS256","k":"a=b"})", "k is not in base64url");
  begins(R"({"kty":"oct","alg":"HS256","k":7})", "not a JWK: $.k");
  begins(R"({"kty":"oct","kty":"oct","alg":"HS256"})", "not a JWK: ");
  begins(R"({"kty":"DH","alg":"HS256"})", "its kty is not known");
  begins(R"({"kty":"EC","crv":"P-999"})", "its curve is not known");
  begins(R"({"kty":"EC"})", "its curve is not known");
  begins(R"({"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"})", "x has the wrong length");
  begins(R"({"kty":"OKP","crv":"X25519","x":"AAAA"})", "its curve is not known");
  begins(R"({"kty":"OKP","crv":"Ed25519","x":"AAAA"})", "x has the wrong length");
  begins(R"({"kty":"RSA","alg":"RS256"})", "n is missing");
  begins(R"({"kty":"RSA","alg":"RS256","n":"AAAA"})", "e is missing");
  begins(R"({"kty":"RSA","alg":"RS256","n":"AAAA","e":"AQAB","oth":[]})", "more than two primes");
  begins(R"({"kty":"RSA","alg":"RS256","n":"","e":""})", "");
  begins(R"({"kty":"RSA","alg":"RS256","n":"AAAA","e":"AQAB","d":"AAAAAA"})",
         "a part of it is longer than n");
  begins(std::string(1 << 17, ' '), "not a JWK: ");
}

TEST_CASE("jwt::key: Ed25519 and its signature of RFC 8037 A") {
  const auto signer = key::from_jwk(test::ed25519_private);
  CHECK(signer.can_sign());
  CHECK(signer.algorithm() == algorithm::eddsa);
  const auto known = key::from_jwk(test::ed25519_public);
  CHECK_FALSE(known.can_sign());
  CHECK(known.sign("a").error().message() == "jwt: the key can't sign");
  CHECK(known.verify("a", signer.sign("a").value()));
  CHECK(key::from_jwk(test::ed25519_private, {.algorithm = algorithm::ed25519}).algorithm() ==
        algorithm::ed25519);
}

TEST_CASE("jwt::key: halves that don't belong together") {
  std::string okp(test::ed25519_private);
  okp.replace(okp.find("11qY"), 4, "11qZ");
  CHECK(jwk_refusal(okp) == "its halves don't belong together");
  // The d of another key on P-256, that of RFC 7515 A.3.
  CHECK(jwk_refusal(R"({"kty":"EC","crv":"P-256",
      "x":"QkHW3mvO65qHfbRUC66bDSlVKj69H9fE13-ATpaqOX4",
      "y":"vVBVQJgOnO0AA-oRhVuSKJsCyQoVEWbUaDLzjI6lzKk",
      "d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"})") == "its halves don't belong together");
}

TEST_CASE("jwt::key: a point that isn't on the curve") {
  CHECK(jwk_refusal(R"({"kty":"EC","crv":"P-256",
      "x":"QkHW3mvO65qHfbRUC66bDSlVKj69H9fE13-ATpaqOX4",
      "y":"vVBVQJgOnO0AA-oRhVuSKJsCyQoVEWbUaDLzjI6lzKg"})")
            .find("it is none") == 0);
}

TEST_CASE("jwt::key: OpenSSL's queue of errors is as it was") {
  REQUIRE(test::no_openssl_errors());
  const auto k = key::from_pem(pems_of("P-256").spki);
  CHECK_FALSE(k.verify("a", std::string(64, '\1')));
  CHECK_FALSE(k.verify("a", std::string(64, '\0')));
  const auto rsa = key::from_pem(pems_of("RSA-2048").spki, {.algorithm = algorithm::ps256});
  CHECK_FALSE(rsa.verify("a", std::string(256, '\1')));
  CHECK(pem_refusal("rubbish") != "");
  CHECK(jwk_refusal(R"({"kty":"EC","crv":"P-256"})") != "");
  CHECK(test::no_openssl_errors());
  test::add_openssl_error();  // somebody else's
  CHECK_FALSE(k.verify("a", std::string(64, '\1')));
  CHECK_FALSE(test::no_openssl_errors());
  kit::jwt::key::from_pem(pems_of("P-256").spki);
  CHECK_FALSE(test::no_openssl_errors());
  test::forget_openssl_errors();
}
