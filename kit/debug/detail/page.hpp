#pragma once

#include <memory>

#include <asio/awaitable.hpp>

#include <kit/debug/detail/core.hpp>
#include <kit/http/request.hpp>
#include <kit/http/response.hpp>

namespace kit::debug::detail {

/// Answers for one of the pages, whose path is `req.target`.
asio::awaitable<http::response> answer(std::shared_ptr<const core> c, http::request req);

}  // namespace kit::debug::detail
