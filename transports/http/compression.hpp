#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <transports/http/handler.hpp>

// In the library `cokit-http-compression`, which needs zlib and Brotli.

namespace kit::http {

/// A content coding (RFC 9110 8.4.1; Brotli is RFC 7932).
enum class coding : std::uint8_t { br, gzip, deflate };

/// What `compress` does. Plain data; checked by its constructor.
struct compress_options {
  /// Those to choose from; of what a client likes equally well, the first.
  std::vector<coding> codings = {coding::br, coding::gzip, coding::deflate};
  /// Shorter content is left as it is, in bytes. Streams of unknown length count as long.
  std::size_t min_bytes = 1024;
  /// Media types to compress: `type/subtype`, `type/*` or `*/*+suffix`, compared without case.
  /// Images, videos and archives are compressed already.
  std::vector<std::string> types = {"text/*",
                                    "*/*+json",
                                    "*/*+xml",
                                    "*/*+text",
                                    "application/json",
                                    "application/javascript",
                                    "application/xml",
                                    "application/x-ndjson",
                                    "application/graphql",
                                    "application/wasm",
                                    "application/rtf",
                                    "application/manifest",
                                    "application/vnd.ms-fontobject",
                                    "font/ttf",
                                    "font/otf",
                                    "image/bmp",
                                    "image/x-icon"};
  /// For gzip and deflate: 1, fastest, to 9, smallest.
  int zlib_level = 6;
  /// For Brotli: 0, fastest, to 11, smallest and a hundred times slower.
  int brotli_quality = 4;
};

/// Middleware: compresses answers, by a coding that the request's `Accept-Encoding` allows.
///
///     router.use(http::compress());
///
/// Whole content is compressed at once, on the request's loop. A stream is chunk by chunk, each
/// sent on at once, so events arrive when they happen. Sets `Content-Encoding` and `Vary`, makes a
/// strong `ETag` weak, and drops the fields that are true of the plain content only, such as
/// `Accept-Ranges` and digests. HEAD is answered by the same fields as GET, but for the length.
///
/// Leaves alone: failures (their text is short), statuses without content, 206, what has a
/// `Content-Encoding` or `Content-Range` already, `Cache-Control: no-transform`, and whole content
/// that doesn't become shorter. A client that refuses plain content (`identity;q=0`) gets short
/// content and other types compressed, too; one that refuses all there is gets it plain.
///
/// Secrets beside text that a stranger chooses can be guessed from the compressed size (BREACH):
/// leave such answers out.
///
/// Errors:  the constructor throws `errc::invalid_argument`, naming the option.
/// Memory:  up to 300 KiB for a stream that is under way with zlib, 2 MiB with Brotli.
/// Threads: calls may overlap.
class compress {
 public:
  explicit compress(compress_options options = {});

  handler operator()(handler next) const;

 private:
  class layer;
  std::shared_ptr<const compress_options> options_;
};

/// What `decompress` takes. Plain data; checked by its constructor.
struct decompress_options {
  /// Those accepted.
  std::vector<coding> codings = {coding::br, coding::gzip, coding::deflate};
  /// Of the content when it's unpacked, in bytes, also of a stream; past it 413.
  std::size_t max_bytes = 8 * 1024 * 1024;
  /// How many times longer than what came content may become, beyond the first 64 KiB; past it
  /// 413. 0: no limit but `max_bytes`.
  std::size_t max_ratio = 0;
  /// Codings one over another; more are answered by 415. At least 1.
  std::size_t max_layers = 3;
};

/// Middleware: unpacks the content of requests that have a `Content-Encoding`, which is removed, as
/// is what no longer is true, such as digests. gzip may have several members, and deflate come
/// without its zlib frame, as some clients send it.
///
///     router.use(http::decompress({.max_bytes = 1 << 20}));
///
/// A streamed content stays one: no more than 64 KiB of it are unpacked at a time.
///
/// Errors:  415 with `Accept-Encoding` for a coding that it doesn't take, 400 for content that is
///          broken or breaks off, 413 past a limit; where the content is a stream, the last two are
///          thrown by its `read`. The constructor throws `errc::invalid_argument`.
/// Memory:  of a stream for each coding up to 64 KiB with zlib, 16 MiB with Brotli when the client
///          asks for it.
/// Threads: calls may overlap.
class decompress {
 public:
  explicit decompress(decompress_options options = {});

  handler operator()(handler next) const;

 private:
  class layer;
  std::shared_ptr<const decompress_options> options_;
};

}  // namespace kit::http
