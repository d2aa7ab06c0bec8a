#include <middleware/idempotency.hpp>

#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include <kit/metadata.hpp>
#include <kit/random.hpp>
#include <middleware/detail/keyed_hash.hpp>

namespace kit::middleware {

namespace {

std::string_view key_of(const context& ctx, const http::request& r) {
  const auto key = r.headers.get("Idempotency-Key");
  return key ? *key : ctx.metadata().get("idempotency-key").value_or("");
}

}  // namespace

std::optional<idempotency_key> by_idempotency_key::of_http(const context& ctx,
                                                           const http::request& r) {
  const auto key = key_of(ctx, r);
  if (key.empty()) return std::nullopt;
  if (r.body.is_stream()) {
    throw error(errc::failed_precondition,
                "with an idempotency key the content must be there as a whole");
  }
  std::string print(r.method.name());
  print.append(" ").append(r.target).append("\n").append(r.body.bytes());
  return idempotency_key{std::string(key), std::move(print)};
}

namespace detail {

call_print print_of(std::string_view fingerprint) noexcept {
  static const keyed_hash one(random_source::from_entropy()), other(random_source::from_entropy());
  return {one(fingerprint), other(fingerprint)};
}

asio::awaitable<result<void>> read_content(http::request& r, std::size_t max_bytes) {
  const auto ex = co_await asio::this_coro::executor;
  if (key_of(context_of(ex), r).empty()) co_return result<void>();
  std::exception_ptr thrown;
  try {
    co_await r.body.buffer(max_bytes);
    co_return result<void>();
  } catch (...) {
    thrown = std::current_exception();
  }
  auto why = kit::detail::call_error(std::move(thrown), ex, /*handler=*/false);
  if (why != errc::resource_exhausted) co_return fail(std::move(why));
  co_return fail(errc::invalid_argument, "with an idempotency key the content may have up to " +
                                             std::to_string(max_bytes) + " bytes");
}

}  // namespace detail
}  // namespace kit::middleware
