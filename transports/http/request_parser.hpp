#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <kit/http/request.hpp>
#include <transports/http/chunked.hpp>
#include <transports/http/field_line.hpp>
#include <transports/http/framing.hpp>
#include <transports/http/protocol_error.hpp>

namespace kit::http {

/// Limits of one request. They bound the parser's memory whatever is sent.
///
/// Which limit of a body counts in a server, whose `server_options::limits` these are:
///  - Of one that isn't streamed: `max_body_bytes`. Without `stream_request_bodies` none is, and
///    with it a router streams only to its routes that are `streaming`.
///  - Of a streamed one: `max_streamed_body_bytes`, by default none; the handler is to count.
///  - In a typed endpoint its decoder's, too: `options.max_bytes` of `json_decoder` and
///    `form_decoder`, 64 MiB, which by default only streamed bodies reach.
///  - Of what `decompress` unpacks: its `max_bytes`, 8 MiB. The first two count what came, so that
///    a handler behind it may get more. Behind it a router as a whole, where that makes bytes of a
///    stream, holds what was unpacked to `max_body_bytes`.
struct parser_options {
  /// What `headers` can hold. The parser takes more as that much; `require_valid` refuses it.
  static constexpr std::size_t most_header_bytes = 256 * 1024 * 1024;
  static constexpr std::size_t most_header_count = 65'535;

  /// Request line and field section together, in bytes, line ends counted; the same again for a
  /// trailer section. At most 256 MiB. Past it: 431.
  std::size_t max_header_bytes = 16 * 1024;
  /// Field lines of the header section, and of a trailer section. At most 65,535. Past it: 431.
  std::size_t max_header_count = 100;
  /// The request target, in bytes. Past it: 414.
  std::size_t max_target_bytes = 8 * 1024;
  /// The content of a body that isn't streamed, in bytes, without the chunked coding. Past it: 413,
  /// before it is read where `Content-Length` tells.
  std::size_t max_body_bytes = 1024 * 1024;
  /// The same of a body that is streamed to its handler. 0: no limit.
  std::uint64_t max_streamed_body_bytes = 0;
  /// Chunk extensions of one body together, in bytes. Past it: 400.
  std::size_t max_chunk_extension_bytes = 4096;
  /// Empty lines before a request line that are passed over (RFC 9112 2.2). Past it: 400.
  std::size_t max_empty_lines = 4;
};

enum class parse_state : std::uint8_t {
  need_head,  ///< the head is incomplete, or nothing came yet
  need_body,  ///< the head is complete, the body is not
  complete,   ///< `message()` is there
  failed,     ///< `error()` says why; answer it and close
};

struct parse_result {
  parse_state state = parse_state::need_head;
  /// Bytes of the input that are not needed any more. The rest must come again, at the start of the
  /// next input: at most one incomplete line, or what follows a complete message.
  std::size_t consumed = 0;
};

/// Parses HTTP/1.1 requests out of a stream of bytes (RFC 9110, RFC 9112). No I/O: the session
/// reads, and hands over what it has.
///
/// Each byte is looked at once, however the stream is split, and splitting changes no outcome. What
/// two implementations might frame differently is refused.
/// The request it makes has an origin-form target and a valid `Host` (absolute-form is rewritten),
/// fields that are valid, and a padded body (`body::padding`); the trailer section is
/// `body.trailers()`. `Expect`, `Connection`, `Transfer-Encoding` ... are left among its fields.
///
/// Told to stream, it makes a `need_body` of what is longer than `max_body_bytes`, too, or of
/// unknown length, with `max_streamed_body_bytes` as the limit. The session takes the rest of the
/// message then, and after each call what of the content there is out of `message().body`.
class request_parser {
 public:
  explicit request_parser(const parser_options& options = {}, bool streaming = false);

  /// Parses on. After `complete` the next call starts the next request, and drops the last one
  /// unless it was taken; after `failed` every call fails.
  parse_result parse(std::string_view unread);

  /// Of a streamed body whose length was said, in `need_body`: takes content that needs no parsing,
  /// at most `body_left()` bytes.
  parse_state put(std::string content);

  /// Complete after `complete`; with `need_body` all but the body is there. Take it by moving.
  /// After `failed` method, target and version are there as far as they were read.
  request& message() noexcept { return request_; }

  /// Whether the connection may be used after the answer (RFC 9112 9.3). From `need_body` on, until
  /// the next call after `complete`.
  bool keep_alive() const noexcept { return framing_.keep_alive(request_version_); }
  /// Whether the client waits for `100 Continue`, and should get it: it asked, and no byte of the
  /// body came yet. False once `continue_sent` was called.
  bool wants_continue() const noexcept {
    return framing_.expects_continue && !continue_done_ && in_body();
  }
  void continue_sent() noexcept { continue_done_ = true; }
  /// Bytes of the content so far, without the chunked coding.
  std::uint64_t body_size() const noexcept { return body_size_; }
  /// Bytes of it that are still to come, as far as is known: of a chunked body 0.
  std::uint64_t body_left() const noexcept { return body_left_; }
  /// Whether a part of a request was consumed: then the end of the stream breaks it off.
  bool started() const noexcept { return started_; }

  /// Set after `failed`.
  const protocol_error& error() const noexcept { return error_; }

 private:
  enum class stage : std::uint8_t { request_line, fields, sized_body, chunked_body, done, failed };

  bool in_body() const noexcept {
    return stage_ == stage::sized_body || stage_ == stage::chunked_body;
  }
  void start();
  bool parse_request_line(std::string_view in, std::size_t& used);
  bool parse_fields(std::string_view in, std::size_t& used);
  bool add_field(std::string_view line);
  bool finish_head();
  bool start_chunked_body();
  bool start_sized_body();
  bool parse_sized_body(std::string_view in, std::size_t& used);
  bool parse_chunked_body(std::string_view in, std::size_t& used);
  void finish();
  bool fail(const protocol_error& error) noexcept;
  parse_state state() const noexcept;

  parser_options options_;
  request request_;
  message_framing framing_;
  line_reader lines_;
  chunk_decoder chunks_;
  protocol_error error_;
  std::size_t head_bytes_ = 0;
  std::size_t empty_lines_ = 0;
  std::uint64_t body_size_ = 0;
  std::uint64_t body_left_ = 0;
  version request_version_ = version::http_1_1;
  stage stage_ = stage::request_line;
  bool streaming_ = false;
  bool absolute_form_ = false;
  bool started_ = false;
  bool continue_done_ = false;
};

}  // namespace kit::http
