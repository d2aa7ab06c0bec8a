#include <middleware/idempotency.hpp>

#include <string>

#include <kit/metadata.hpp>
#include <kit/random.hpp>
#include <middleware/detail/keyed_hash.hpp>

namespace kit::middleware {

std::optional<idempotency_key> by_idempotency_key::of_http(const context& ctx,
                                                           const http::request& r) {
  auto key = r.headers.get("Idempotency-Key");
  if (!key) key = ctx.metadata().get("idempotency-key");
  if (!key || key->empty()) return std::nullopt;
  if (r.body.is_stream()) {
    throw error(errc::failed_precondition,
                "with an idempotency key the content must be there as a whole");
  }
  std::string print(r.method.name());
  print.append(" ").append(r.target).append("\n").append(r.body.bytes());
  return idempotency_key{std::string(*key), std::move(print)};
}

namespace detail {

call_print print_of(std::string_view fingerprint) noexcept {
  static const keyed_hash one(random_source::from_entropy()), other(random_source::from_entropy());
  return {one(fingerprint), other(fingerprint)};
}

}  // namespace detail
}  // namespace kit::middleware
