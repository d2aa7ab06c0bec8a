#include <transports/http/log_level.hpp>

#include <utility>

#include <kit/error.hpp>
#include <kit/http/syntax.hpp>
#include <kit/log/fields.hpp>
#include <kit/log/level.hpp>
#include <kit/this_context.hpp>

namespace kit::http {
namespace {

asio::awaitable<result<response>> call_at(log::level level, handler next, request req) {
  auto ctx = log::with_level(co_await this_context(), level);
  co_return co_await with_context(std::move(ctx), next.try_call(std::move(req)));
}

struct layer {
  std::string field;
  handler next;

  asio::awaitable<result<response>> try_call(request&& req) const {
    if (const auto text = req.headers.get(field)) {
      if (const auto level = log::parse_level(*text)) return call_at(*level, next, std::move(req));
    }
    return next.try_call(std::move(req));
  }
};

}  // namespace

log_level::log_level(std::string field) : field_(std::move(field)) {
  if (!is_token(field_)) {
    throw error(errc::invalid_argument, "log_level: '" + field_ + "' is no field name");
  }
}

handler log_level::operator()(handler next) const {
  return layer{field_, std::move(next)};
}

}  // namespace kit::http
