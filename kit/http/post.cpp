#include <kit/http/post.hpp>

#include <utility>

#include <kit/http/check_status.hpp>

namespace kit::http {

asio::awaitable<result<response>> post(endpoint<request, response> client, std::string url,
                                       std::string content, std::string content_type,
                                       headers fields) {
  request req{.method = method::post, .target = std::move(url), .headers = std::move(fields)};
  req.headers.set(field::content_type, content_type);
  req.body = std::move(content);
  auto answer = co_await client.try_call(std::move(req));
  if (!answer) co_return answer;
  if (auto ok = check_status(*answer); !ok) co_return fail(std::move(ok).error());
  co_return answer;
}

}  // namespace kit::http
