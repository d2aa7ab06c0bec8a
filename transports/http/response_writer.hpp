#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <kit/http/method.hpp>
#include <kit/http/response.hpp>
#include <kit/http/version.hpp>

namespace kit::http {

/// What a response depends on besides itself.
struct response_context {
  /// Of the request. A 1.0 client gets no chunked body, and is told when the connection stays open.
  http::version version = http::version::http_1_1;
  /// Of the request. HEAD gets no content; a 2xx to CONNECT gets no content and no length.
  method::id request_method = method::get;
  /// Whether the session would go on with the connection.
  bool keep_alive = true;
  /// The current time as `format_date` makes it; empty: no `Date` field.
  std::string_view date = {};
};

/// What the session must send after the head.
enum class body_framing : std::uint8_t {
  none,
  bytes,        ///< the content as it is; its length was said
  chunked,      ///< by `append_chunk` and `append_last_chunk`
  until_close,  ///< the content as it is; the end of the connection ends it
};

struct written_response {
  body_framing framing = body_framing::none;
  /// False when the connection must be closed after the response: the context or a `Connection:
  /// close` of the response's own asked for it, or the framing needs it.
  bool keep_alive = true;
};

/// Appends status line and fields (RFC 9112 4, 6). The version said is 1.1 (RFC 9110 2.5).
///
/// Framing is not the handler's business. `Content-Length` and `Transfer-Encoding` are computed and
/// those set in the response dropped, except for the length in an answer to HEAD, or in a 304,
/// whose body is empty: there it says what GET would send, and nothing where none is set. 1xx and
/// 204 have neither. Of `Connection`, `close` is obeyed, `keep-alive` dropped, and other options
/// are sent on. A `Date` of the response's own is kept. A `reason` with control characters is
/// replaced by the registered phrase, and a status outside 100 to 999 by 500.
written_response append_response_head(std::string& out, const response& r,
                                      const response_context& context);

/// The head, and the content too where the framing is `bytes` and the body is no stream: then the
/// whole response is written. Otherwise the session sends the content.
written_response append_response(std::string& out, const response& r,
                                 const response_context& context);

/// The interim response that lets a client send its body (RFC 9110 15.2.1).
inline constexpr std::string_view continue_response = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace kit::http
