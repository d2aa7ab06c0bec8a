#include <kit/metrics/detail/page.hpp>

#include <memory>
#include <utility>

namespace kit::metrics::detail {
namespace {

using maker = std::function<http::response(const http::request&)>;

asio::awaitable<http::response> answer(std::shared_ptr<const maker> make, http::request req) {
  if (req.method == http::method::get || req.method == http::method::head) co_return (*make)(req);
  auto refusal = http::response::text(http::status::method_not_allowed, "method not allowed\n");
  refusal.headers.set(http::field::allow, "GET, HEAD");
  co_return refusal;
}

}  // namespace

endpoint<http::request, http::response> page_handler(maker make) {
  return [shared = std::make_shared<const maker>(std::move(make))](http::request req) {
    return answer(shared, std::move(req));
  };
}

}  // namespace kit::metrics::detail
