#include <kit/jwt/verifier.hpp>

#include <algorithm>
#include <exception>
#include <utility>

#include <kit/codec/json.hpp>
#include <kit/error.hpp>
#include <kit/http/syntax.hpp>
#include <kit/jwt/jws.hpp>

namespace kit::jwt {
namespace {

using namespace std::chrono_literals;

// Not past the ends of the clock, where the times of some tokens are.
wall_time later(wall_time t, std::chrono::nanoseconds by) noexcept {
  const auto d = std::chrono::duration_cast<wall_time::duration>(by);
  if (d > 0ns && t > wall_time::max() - d) return wall_time::max();
  if (d < 0ns && t < wall_time::min() - d) return wall_time::min();
  return t + d;
}

std::string_view short_type(std::string_view typ) noexcept {
  constexpr std::string_view prefix = "application/";
  const bool has = http::iequals(typ.substr(0, prefix.size()), prefix);
  return has ? typ.substr(prefix.size()) : typ;
}

bool is_one_of(const std::string& what, const std::vector<std::string>& list) {
  return std::ranges::find(list, what) != list.end();
}

}  // namespace

verifier::verifier(key_set keys, verifier_options options)
    : keys_(std::move(keys)), options_(std::move(options)) {
  const auto refuse = [](const char* what) {
    throw error(errc::invalid_argument, std::string("jwt::verifier: ") + what);
  };
  if (options_.leeway < 0ms || options_.leeway > 1h) refuse("leeway must be from 0 to an hour");
  if (options_.max_age < 0s) refuse("max_age must not be negative");
  if (options_.max_age > 24h * 365 * 100) refuse("max_age must not be above a hundred years");
  if (options_.max_bytes == 0) refuse("max_bytes must not be 0");
  if (!options_.clock) refuse("there must be a clock");
  if (is_one_of("", options_.issuers) || is_one_of("", options_.audiences)) {
    refuse("issuers and audiences must not be empty texts");
  }
}

result<claims> verifier::verify(std::string_view token, const key_set& keys) const {
  const auto refuse = [](failure f) { return fail(make_error(f)); };
  auto parsed = jws::parse(token, options_.max_bytes);
  if (!parsed) return fail(std::move(parsed).error());
  auto c =
      json::decode<claims>(parsed->payload(), {.max_bytes = options_.max_bytes, .max_depth = 64});
  if (!c) {
    return fail(make_error(failure::malformed).with_cause(std::make_exception_ptr(c.error())));
  }
  if (parsed->head().critical) return refuse(failure::critical_extension);
  const auto no_key = parsed->rules_out(keys);
  if (no_key == failure::unexpected_algorithm) return refuse(*no_key);
  if (const auto why = check_times(*c)) return refuse(*why);
  if (no_key) return refuse(*no_key);
  if (!parsed->signed_by(keys)) return refuse(failure::bad_signature);
  if (const auto why = check_rest(*c, parsed->head().typ)) return refuse(*why);
  return c;
}

std::optional<failure> verifier::check_times(const claims& c) const {
  if (!c.exp && !c.nbf) return std::nullopt;
  const auto now = options_.clock();
  if (c.exp && now >= later(*c.exp, options_.leeway)) return failure::expired;
  if (c.nbf && now < later(*c.nbf, -options_.leeway)) return failure::not_yet_valid;
  return std::nullopt;
}

std::optional<failure> verifier::check_rest(const claims& c, std::string_view typ) const {
  const auto& o = options_;
  if (!o.type.empty() && !http::iequals(short_type(typ), short_type(o.type))) {
    return failure::wrong_type;
  }
  if (o.require_exp && !c.exp) return failure::missing_claim;
  if (o.max_age > 0s && !c.iat) return failure::missing_claim;
  if (c.iat && (o.check_iat || o.max_age > 0s)) {
    const auto now = o.clock();
    if (o.check_iat && now < later(*c.iat, -o.leeway)) return failure::issued_in_future;
    if (o.max_age > 0s && now >= later(*c.iat, o.max_age + o.leeway)) return failure::too_old;
  }
  if (!o.issuers.empty() && !is_one_of(c.iss, o.issuers)) return failure::wrong_issuer;
  const auto ours = [&](const std::string& a) { return is_one_of(a, o.audiences); };
  if (!o.audiences.empty() && std::ranges::none_of(c.aud, ours)) return failure::wrong_audience;
  return std::nullopt;
}

}  // namespace kit::jwt
