#include <middleware/idempotency.hpp>

#include <kit/metadata.hpp>

namespace kit::middleware {

std::optional<idempotency_key> by_idempotency_key::of_http(const context& ctx,
                                                           const http::request& r) {
  auto key = r.headers.get("Idempotency-Key");
  if (!key) key = ctx.metadata().get("idempotency-key");
  if (!key || key->empty()) return std::nullopt;
  std::string print(r.method.name());
  print.append(" ").append(r.target).append("\n").append(r.body.bytes());
  return idempotency_key{std::string(*key), std::move(print)};
}

}  // namespace kit::middleware
