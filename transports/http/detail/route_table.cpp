#include <transports/http/detail/route_table.hpp>

#include <string>
#include <utility>

#include <asio/this_coro.hpp>

#include <kit/this_context.hpp>
#include <transports/http/detail/body_limit.hpp>
#include <transports/http/detail/typed_handler.hpp>

namespace kit::http::detail {
namespace {

void note_route(request& req, std::string_view pattern) noexcept {
  req.route = pattern;
  if (req.route_note) *req.route_note = pattern;
}

asio::awaitable<result<response>> give(response r) {
  co_return std::move(r);
}

asio::awaitable<result<response>> call_with_allow(handler custom, request req, std::string allow) {
  auto r = co_await custom.try_call(std::move(req));
  if (r && r->status == status::method_not_allowed && !r->headers.contains(field::allow)) {
    r->headers.set(field::allow, allow);
  }
  co_return r;
}

// Up to the server's limit for content that is no stream.
asio::awaitable<result<response>> buffer_first(handler next, request req) {
  const auto ctx = context_of(co_await asio::this_coro::executor);
  const auto* limit = ctx.get<body_limit>();
  auto all = co_await buffer_body(req, limit ? limit->bytes : body_limit{}.bytes);
  if (!all) co_return fail(std::move(all).error());
  co_return co_await next.try_call(std::move(req));
}

// These are endpoints that make no frame but the answer's.

struct answer_options {
  std::shared_ptr<const route_tree> tree;

  asio::awaitable<result<response>> try_call(const request& req) const {
    response r;
    r.status = status::no_content;
    r.headers.set(field::allow, tree->allowed(req.path()));
    return give(std::move(r));
  }
};

struct answer_wrong_method {
  std::shared_ptr<const route_tree> tree;
  handler custom;

  asio::awaitable<result<response>> try_call(request&& req) const {
    auto allow = tree->allowed(req.path());
    if (custom) return call_with_allow(custom, std::move(req), std::move(allow));
    auto r = response::text(status::method_not_allowed, reason_phrase(status::method_not_allowed));
    r.headers.set(field::allow, allow);
    return give(std::move(r));
  }
};

struct answer_plain {
  http::status status;

  asio::awaitable<result<response>> try_call(const request&) const {
    return give(response::text(status, reason_phrase(status)));
  }
};

struct answer_json {
  std::shared_ptr<const std::string> text;

  asio::awaitable<result<response>> try_call(const request&) const {
    return give(response::json(status::ok, *text));
  }
};

struct answer_buffered {
  handler next;

  asio::awaitable<result<response>> try_call(request&& req) const {
    if (req.body.is_stream()) return buffer_first(next, std::move(req));
    return next.try_call(std::move(req));
  }
};

struct mounted {
  handler next;
  std::size_t segments;

  asio::awaitable<result<response>> try_call(request&& req) const {
    const auto path = req.path();
    std::size_t slash = 0;
    for (std::size_t i = 0; i < segments && slash != path.npos; ++i)
      slash = path.find('/', slash + 1);
    std::string rest(slash == path.npos ? "/" : path.substr(slash));
    if (req.target.find('?') != req.target.npos) (rest += '?') += req.query_string();
    if (req.original_target.empty()) req.original_target = std::move(req.target);
    req.target = std::move(rest);
    return next.try_call(std::move(req));
  }
};

}  // namespace

asio::awaitable<result<response>> route_table::try_call(request&& req) const {
  const auto match = parts_.tree->find(req.method, req.path(), req.params);
  if (match.what != route_match::outcome::found) {
    return refusal(match, req).try_call(std::move(req));
  }
  note_route(req, parts_.tree->pattern(match.route));
  return parts_.routes[match.route].answer.try_call(std::move(req));
}

const handler& route_table::refusal(const route_match& match, request& req) const {
  switch (match.what) {
    case route_match::outcome::wrong_method: {
      note_route(req, parts_.tree->pattern(match.route));
      const auto& answers = parts_.groups[parts_.routes[match.route].group_index];
      return req.method == method::options ? answers.options : answers.wrong_method;
    }
    case route_match::outcome::malformed:
      return parts_.malformed;
    default:
      break;
  }
  if (req.method == method::options && req.target == "*") return parts_.groups.front().options;
  const auto place = parts_.places.find(req.method, req.path(), req.params);
  return parts_.not_found[place.what == route_match::outcome::found ? place.route + 1 : 0];
}

handler options_answer(std::shared_ptr<const route_tree> tree) {
  return answer_options{std::move(tree)};
}

handler wrong_method_answer(std::shared_ptr<const route_tree> tree, handler custom) {
  return answer_wrong_method{std::move(tree), std::move(custom)};
}

handler plain_answer(status s) {
  return answer_plain{s};
}

handler json_answer(std::string text) {
  return answer_json{std::make_shared<const std::string>(std::move(text))};
}

handler buffered(handler next) {
  if (!next) return {};
  return answer_buffered{std::move(next)};
}

handler below_mount(handler next, std::size_t segments) {
  return mounted{std::move(next), segments};
}

}  // namespace kit::http::detail
