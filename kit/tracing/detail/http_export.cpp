#include <kit/tracing/detail/http_export.hpp>

#include <utility>

#include <kit/http/check_status.hpp>

namespace kit::tracing::detail {

asio::awaitable<result<empty>> post(endpoint<http::request, http::response> client, std::string url,
                                    std::string content, std::string_view content_type,
                                    http::headers headers) {
  http::request req{
      .method = http::method::post, .target = std::move(url), .headers = std::move(headers)};
  req.headers.set(http::field::content_type, content_type);
  req.body = std::move(content);
  const auto answer = co_await client.try_call(std::move(req));
  if (!answer) co_return fail(answer.error());
  if (auto ok = http::check_status(*answer); !ok) co_return fail(std::move(ok).error());
  co_return empty{};
}

}  // namespace kit::tracing::detail
