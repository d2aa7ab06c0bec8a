// Tokens, signatures and keys of test/data.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <kit/codec/json.hpp>
#include <kit/jwt/jws.hpp>
#include <kit/jwt/verifier.hpp>
#include <kit/reflect.hpp>

namespace jwt = kit::jwt;

namespace {

struct token_case {
  std::string id, token;
  kit::json::raw key;
  std::int64_t now = 0, leeway = 0;
  std::string expect;
  std::optional<std::string> require_aud, require_iss;
};

std::vector<std::string> list_of(const std::optional<std::string>& one) {
  return one ? std::vector{*one} : std::vector<std::string>();
}

struct wycheproof_case {
  int tcId = 0;
  std::string comment, jws, result;
};
struct key_group {
  std::string comment;
  std::optional<kit::json::raw> public_key, private_key;
  std::vector<wycheproof_case> tests;
};
struct key_file {
  std::vector<key_group> testGroups;
};

}  // namespace

template <>
struct kit::reflect_traits<key_group> {
  static constexpr auto fields = kit::fields(kit::field<&key_group::public_key>("public"),
                                             kit::field<&key_group::private_key>("private"));
};

namespace {

key_file wycheproof(const std::string& name) {
  std::ifstream in(COKIT_TESTDATA "/wycheproof/" + name);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  return kit::json::decode<key_file>(text).value();
}

std::string_view verifying_key(const key_group& g) {
  return (g.public_key ? g.public_key : g.private_key).value().text();
}

}  // namespace

TEST_CASE("jwt: all tokens of test/data/jwt") {
  std::ifstream in(COKIT_TESTDATA "/jwt/cases.jsonl");
  int count = 0;
  for (std::string line; std::getline(in, line); ++count) {
    const auto c = kit::json::decode<token_case>(line).value();
    CAPTURE(c.id);
    // The keys of the cases hs384 and hs512 are shorter than their hashes.
    const jwt::verifier v(jwt::key::from_jwk(c.key.text(), {.allow_weak = true}),
                          {.issuers = list_of(c.require_iss),
                           .audiences = list_of(c.require_aud),
                           .leeway = std::chrono::seconds(c.leeway),
                           .clock = [&] { return jwt::wall_time(std::chrono::seconds(c.now)); }});
    const auto accepted = v.verify(c.token).has_value();
    if (c.expect == "either") {
      CHECK_FALSE(accepted);  // names that stand there twice
    } else {
      CHECK(accepted == (c.expect == "accept"));
    }
  }
  CHECK(count == 61);
}

TEST_CASE("jwt: all signatures of Wycheproof") {
  // Said to be valid, and refused here: a token of another algorithm than its key is for, and
  // characters outside of the alphabet.
  constexpr std::array disputable{346, 347, 350, 351, 372, 373};
  // To the last byte the token and the key of case 357, which is valid: the padding that they were
  // to have got lost.
  constexpr std::array same_as_357{367, 370};
  const auto is_one_of = [](int id, const auto& list) {
    return std::ranges::find(list, id) != list.end();
  };
  int count = 0;
  for (const auto& g : wycheproof("json_web_signature_test.json").testGroups) {
    for (const auto& t : g.tests) {
      ++count;
      CAPTURE(t.tcId);
      CAPTURE(t.comment);
      bool valid = false;
      try {
        valid = jwt::verify_jws(t.jws, jwt::key::from_jwk(verifying_key(g))).has_value();
      } catch (const kit::error& e) {  // the key is refused
        CHECK(e == kit::errc::invalid_argument);
      }
      const bool expected =
          t.result == "valid" ? !is_one_of(t.tcId, disputable) : is_one_of(t.tcId, same_as_357);
      CHECK(valid == expected);
    }
  }
  CHECK(count == 401);
}

TEST_CASE("jwt: the disputable ones are right where the key is for their algorithm (RFC 7520 4)") {
  const auto with = [](std::string text, const std::string& was, const std::string& is) {
    const auto at = text.find(was);
    REQUIRE(at != text.npos);
    return text.replace(at, was.size(), is);
  };
  for (const auto& g : wycheproof("json_web_signature_test.json").testGroups) {
    for (const auto& t : g.tests) {
      const std::string text(verifying_key(g));
      if (t.tcId == 346 || t.tcId == 350) {
        CHECK(jwt::verify_jws(t.jws, jwt::key::from_jwk(with(text, "PS256", "PS384"))));
      } else if (t.tcId == 347 || t.tcId == 351) {
        CHECK(jwt::verify_jws(t.jws, jwt::key::from_jwk(with(text, "ES521", "ES512"))));
      }
    }
  }
}

TEST_CASE("jwt: all keys of Wycheproof") {
  int count = 0;
  for (const auto& g : wycheproof("json_web_key_test.json").testGroups) {
    for (const auto& t : g.tests) {
      ++count;
      CAPTURE(t.tcId);
      CAPTURE(t.comment);
      bool valid = false;
      try {
        valid = jwt::verify_jws(t.jws, jwt::key_set::parse(verifying_key(g))).has_value();
      } catch (const kit::error& e) {
        CHECK(e == kit::errc::invalid_argument);
      }
      CHECK(valid == (t.result == "valid"));
    }
  }
  CHECK(count == 26);
}
