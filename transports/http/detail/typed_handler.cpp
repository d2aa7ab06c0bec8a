#include <transports/http/detail/typed_handler.hpp>

#include <string>

#include <transports/http/status_of.hpp>

namespace kit::http::detail {

asio::awaitable<result<void>> buffer_body(request& req, std::size_t max_bytes) {
  try {
    co_await req.body.buffer(max_bytes);
    co_return result<void>();
  } catch (const error& e) {
    if (e.code() != errc::resource_exhausted) co_return fail(e);
    co_return fail(e.with(error_status{status::content_too_large}));
  }
}

}  // namespace kit::http::detail
