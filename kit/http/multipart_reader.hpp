#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include <asio/awaitable.hpp>

#include <kit/http/body.hpp>
#include <kit/http/headers.hpp>
#include <kit/http/multipart.hpp>

namespace kit::http {

/// A part of multipart content.
struct multipart_part : part_description {
  http::headers headers = {};  ///< as they were sent
  /// The part's data: a stream, to be read before the next part is asked for. What its `read` does
  /// not pull is not pulled from the network either.
  http::body body = {};
};

/// Reads multipart content part by part, as it comes, so that it may be larger than memory.
///
///     http::multipart_reader reader(std::move(req.body), req.headers);
///     while (auto part = co_await reader.next_part()) {
///       while (auto chunk = co_await part->body.read()) ...
///     }
///
/// Reading throws `errc::invalid_argument` when the content is malformed or breaks off,
/// `errc::resource_exhausted` past a limit of `multipart_options`, and what the content's source
/// throws. How much there is in all, the server's limit for bodies says; a part's is given to
/// `body::buffer`.
/// Cancellation: terminal; nothing can be read on.
/// Threads:      one reader at a time, of the parts or within one.
class multipart_reader {
 public:
  /// `fields` are those of the message.
  /// Errors: throws `errc::invalid_argument` when its `Content-Type` is not `multipart/...` with a
  ///         boundary.
  multipart_reader(body content, const headers& fields, const multipart_options& options = {});

  /// The next part; nothing at the end, and again after it. What was not read of the part before is
  /// skipped; its body throws `errc::failed_precondition` from then on.
  asio::awaitable<std::optional<multipart_part>> next_part();

 private:
  class state;
  class part_source;
  static asio::awaitable<std::optional<multipart_part>> next_of(std::shared_ptr<state> s);

  std::shared_ptr<state> state_;
};

}  // namespace kit::http
