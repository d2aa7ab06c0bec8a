#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>

#include <kit/result.hpp>
#include <transports/http/detail/route_tree.hpp>
#include <transports/http/server.hpp>

namespace kit::http::detail {

/// What a router becomes: an immutable table that hands each request to an endpoint. It has no
/// coroutine of its own: the caller gets the endpoint's.
class route_table {
 public:
  struct route {
    handler answer;
    std::uint32_t group_index = 0;
  };
  /// The answers that need no route, with the middlewares of the routes' group around them.
  struct group {
    handler options;
    handler wrong_method;
  };
  struct parts {
    std::shared_ptr<const route_tree> tree;
    std::vector<route> routes;
    std::vector<group> groups;  ///< the first one is the router's own
    handler malformed;
    /// Who answers when there is no route: that behind the first one whose index `places` finds for
    /// the path, or else the first.
    std::vector<handler> not_found;
    route_tree places;
  };

  explicit route_table(parts p) : parts_(std::move(p)) {}

  asio::awaitable<result<response>> try_call(request&& req) const;

 private:
  const handler& refusal(const route_match& match, request& req) const;

  parts parts_;
};

/// Answers OPTIONS with the methods that `tree` has for the path.
handler options_answer(std::shared_ptr<const route_tree> tree);
/// Answers 405 with `Allow`; by `custom`, if that is not empty.
handler wrong_method_answer(std::shared_ptr<const route_tree> tree, handler custom);
/// Answers with a status and its phrase.
handler plain_answer(status s);
/// Answers with that JSON text.
handler json_answer(std::string text);
/// Gives `next` bytes where the content is a stream, or answers 413. No frame where it isn't.
handler buffered(handler next);
/// Takes the first `segments` segments off the path before it calls `next`.
handler below_mount(handler next, std::size_t segments);

}  // namespace kit::http::detail
