#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <kit/http/headers.hpp>
#include <transports/http/field_line.hpp>
#include <transports/http/protocol_error.hpp>

namespace kit::http {

struct chunk_limits {
  /// Largest decoded content, in bytes. Past it: 413.
  std::uint64_t max_body_bytes = 1024 * 1024;
  /// Chunk extensions of one body together, in bytes. They are checked and dropped. Past it: 400.
  std::size_t max_extension_bytes = 4096;
  /// The trailer section, in bytes, line ends counted, and its fields. Past either: 431.
  std::size_t max_trailer_bytes = 16 * 1024;
  std::size_t max_trailer_count = 100;
};

/// Decodes the chunked transfer coding (RFC 9112 7.1) of one body, in pieces of any size. Strict:
/// lines end with CRLF, extensions follow the grammar, and a trailer field that belongs to framing
/// or routing (`Content-Length`, `Transfer-Encoding`, `Host` ...) is refused.
class chunk_decoder {
 public:
  enum class state { need_more, complete, failed };
  struct result {
    chunk_decoder::state state;
    std::size_t consumed;  ///< bytes of the input that will not be wanted again
  };

  explicit chunk_decoder(const chunk_limits& limits = {}) noexcept : limits_(limits) {}

  /// Decodes as much as there is of `in`, which starts with what the last call did not consume, and
  /// appends the content to `out`. After `complete` or `failed`, nothing is consumed any more.
  result decode(std::string_view in, std::string& out);

  /// Filled when `decode` said `complete`.
  headers& trailers() noexcept { return trailers_; }
  /// Set when `decode` said `failed`.
  const protocol_error& error() const noexcept { return error_; }

 private:
  enum class stage : std::uint8_t {
    size,
    size_lf,
    ext_space,
    ext_name_space,
    ext_name,
    ext_name_after,
    ext_value_space,
    ext_value,
    ext_quoted,
    ext_escaped,
    ext_value_after,
    data,
    data_cr,
    data_lf,
    trailer,
    done,
    failed,
  };

  bool size_line(char c);
  bool extension(char c);
  void end_of_size_line() noexcept;
  void trailer_line(std::string_view in, std::size_t& used);
  bool fail(std::string_view text, http::status status = http::status::bad_request) noexcept;

  chunk_limits limits_;
  stage stage_ = stage::size;
  std::uint8_t digits_ = 0;
  std::uint64_t left_ = 0;     // of the chunk; while its size is read: the size so far
  std::uint64_t content_ = 0;  // decoded, with the current chunk
  std::size_t extension_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
  line_reader lines_;
  headers trailers_;
  protocol_error error_;
};

/// Appends one chunk; nothing when `data` is empty, as that would end the body.
void append_chunk(std::string& out, std::string_view data);
/// Appends the end of a chunked body. Trailer fields that belong to framing or routing are left
/// out.
void append_last_chunk(std::string& out, const headers& trailers = {});
/// Whether a trailer section must not have it: framing, routing, and the like (RFC 9110 6.5.1).
bool is_forbidden_trailer(field f) noexcept;

}  // namespace kit::http
