#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include <kit/error.hpp>
#include <kit/jwt/failure.hpp>
#include <kit/jwt/key.hpp>
#include <kit/jwt/verifier.hpp>
#include <kit/result.hpp>

namespace test {

/// The time in these tests: 1700000000.
inline constexpr kit::jwt::wall_time now{std::chrono::seconds(1'700'000'000)};

/// A secret of that id.
inline kit::jwt::key secret_of(char letter, std::string id = {}) {
  return kit::jwt::key::secret(std::string(32, letter), kit::jwt::algorithm::hs256,
                               {.id = std::move(id)});
}

/// Of a key that signs: RFC 8037 A.1.
inline constexpr std::string_view ed25519_private =
    R"({"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",)"
    R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";
inline constexpr std::string_view ed25519_public =
    R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";

inline kit::jwt::failure failure_of(const kit::error& e) {
  const auto* f = e.get<kit::jwt::failure>();
  return f ? *f : static_cast<kit::jwt::failure>(0xff);
}

/// What a function that throws says; empty: nothing.
template <class F>
std::string refusal_of(F f) {
  try {
    f();
  } catch (const kit::error& e) {
    return e == kit::errc::invalid_argument ? std::string(e.what()) : "another code";
  }
  return "";
}

/// Verifiers in these tests: at `now`, if nothing else is said.
inline kit::jwt::verifier verifier_at(kit::jwt::key_set keys, kit::jwt::verifier_options o = {},
                                      kit::jwt::wall_time at = now) {
  o.clock = [at] { return at; };
  return kit::jwt::verifier(std::move(keys), std::move(o));
}

}  // namespace test
