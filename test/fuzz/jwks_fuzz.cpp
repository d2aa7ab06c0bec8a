// Keys as texts: JWK, JWK sets, PEM. What is taken can be used.
#include <kit/error.hpp>
#include <kit/jwt/key.hpp>
#include <kit/jwt/key_set.hpp>

#include "fuzz.hpp"

#include <string>

namespace jwt = kit::jwt;

namespace {

void use(const jwt::key& k, bool weak) {
  FUZZ_REQUIRE(!jwt::name(k.algorithm()).empty());
  FUZZ_REQUIRE(k.can_sign() || k.can_verify());
  FUZZ_REQUIRE(!k.verify("message", ""));
  FUZZ_REQUIRE(!k.verify("message", std::string(32, 'x')));
  FUZZ_REQUIRE(!k.verify("message", std::string(64, '\1')) || weak);
  if (!k.can_sign()) return;
  const auto signature = k.sign("message");
  FUZZ_REQUIRE(signature);
  if (k.can_verify()) FUZZ_REQUIRE(k.verify("message", *signature));
}

void set(std::string_view text, bool weak, bool only_public) {
  const auto keys = jwt::key_set::parse(
      text,
      {.rsa_algorithm = jwt::algorithm::ps256, .allow_weak = weak, .only_public = only_public});
  FUZZ_REQUIRE(!keys.keys().empty());
  for (const auto& k : keys.keys()) {
    FUZZ_REQUIRE(!only_public || !k.can_sign());
    use(k, weak);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in(data, size);
  const auto form = in.below(4);
  const bool weak = in.below(2) == 1;
  const fuzz::tight text(in.rest());
  try {
    if (form == 0) {
      use(jwt::key::from_jwk(text.view(), {.allow_weak = weak}), weak);
    } else if (form == 1) {
      const jwt::key_options o{.algorithm = jwt::algorithm::rs256, .allow_weak = weak};
      use(jwt::key::from_pem(text.view(), weak ? jwt::key_options{} : o), weak);
    } else {
      set(text.view(), weak, form == 3);
    }
  } catch (const kit::error& e) {
    FUZZ_REQUIRE(e == kit::errc::invalid_argument);
  }
  return 0;
}
