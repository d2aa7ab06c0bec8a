#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <asio/awaitable.hpp>

#include <kit/http/headers.hpp>

namespace kit::http {

/// A part of an open file.
struct file_region {
  int descriptor = -1;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

/// Where the chunks of a streamed body come from.
/// Threads: one reader at a time.
class body_source {
 public:
  virtual ~body_source() = default;

  /// The next chunk, never an empty one; nothing at the end, and again after it. A server calls it
  /// in the request's context.
  /// Errors:       throws `kit::error` when the body breaks off or is malformed.
  /// Cancellation: terminal; the body cannot be read on.
  /// Lifetime:     the source must outlive the awaitable.
  virtual asio::awaitable<std::optional<std::string>> read() = 0;

  /// Bytes in all, where known before they were read.
  virtual std::optional<std::uint64_t> size() const noexcept { return std::nullopt; }
  /// The trailer fields; empty until `read()` returned nothing.
  virtual const headers& trailers() const noexcept;
  /// The file that all of it is in, where that is so and nothing was read yet: a server may have
  /// the system copy it instead of reading. Open as long as the source.
  virtual std::optional<file_region> file() const noexcept { return std::nullopt; }
  /// Whether it goes on until its reader has enough, as event streams do. A server's time limit for
  /// requests then ends with the handler, and a drain ends the body.
  virtual bool endless() const noexcept { return false; }
};

/// The content of a message: bytes that are all here, or a stream to be pulled. A value with cheap
/// moves. A copy has its own bytes, but shares the stream: whichever copy reads gets the chunk.
class body {
 public:
  /// Readable bytes behind the content that `pad()` makes sure of, for readers such as simdjson.
  static constexpr std::size_t padding = 64;

  body() noexcept = default;
  body(std::string bytes) noexcept : bytes_(std::move(bytes)) {}
  body(std::string_view bytes) : bytes_(bytes) {}
  body(const char* text) : bytes_(text) {}
  /// `source` must not be null.
  explicit body(std::shared_ptr<body_source> source) noexcept : source_(std::move(source)) {}

  bool is_stream() const noexcept { return source_ != nullptr; }
  /// How long the content is, if that is known; for a stream, before anything was read.
  std::optional<std::uint64_t> size() const noexcept;
  /// No content for certain. A stream is never empty in this sense.
  bool empty() const noexcept { return !is_stream() && bytes_.empty(); }

  /// The content; empty for a stream. Valid until the body is changed or moved.
  std::string_view bytes() const noexcept { return bytes_; }
  std::string_view text() const noexcept { return bytes_; }
  /// The same, to be changed in place. Without use for a stream.
  std::string& storage() noexcept { return bytes_; }
  /// Takes the content out; the body is empty afterwards.
  std::string take() noexcept;

  /// Makes sure that `padding` bytes of capacity lie behind the content. Bodies from the parser
  /// have them already.
  void pad() { bytes_.reserve(bytes_.size() + padding); }
  bool is_padded() const noexcept { return bytes_.capacity() - bytes_.size() >= padding; }

  /// Null when there are only bytes.
  const std::shared_ptr<body_source>& source() const noexcept { return source_; }
  /// Pulls the next chunk of either kind: bytes come as one chunk, and are gone then.
  /// Lifetime: the body must stay in place until the awaitable has completed.
  asio::awaitable<std::optional<std::string>> read();
  /// Makes a stream into bytes (and does nothing to bytes). Keeps the trailers.
  /// Errors:   throws `errc::resource_exhausted` past `max_bytes`, before reading where the size is
  ///           known, and what the source throws.
  /// Lifetime: as for `read()`.
  asio::awaitable<void> buffer(std::size_t max_bytes);

  /// What followed the content (RFC 9110 6.5); for a stream, only after its end was read.
  const headers& trailers() const noexcept;
  /// They are sent where the content can be: in chunks, also when it is bytes, over HTTP/1.1.
  void set_trailers(headers fields);

 private:
  std::string bytes_;
  std::shared_ptr<body_source> source_;
  std::shared_ptr<const headers> trailers_;  // null: none
};

}  // namespace kit::http
