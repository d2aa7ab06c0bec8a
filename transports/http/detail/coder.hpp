#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <transports/http/compression.hpp>

namespace kit::http::detail {

/// The name of a coding, e.g. `gzip`.
std::string_view name(coding c) noexcept;

/// Compresses one content, given in pieces.
class encoder {
 public:
  enum class then : std::uint8_t {
    flush,   ///< all that was given so far can be read back
    finish,  ///< that was all
  };
  virtual ~encoder() = default;
  /// Appends to `out`. Errors: `errc::resource_exhausted` when there is no memory.
  virtual void put(std::string_view plain, then next, std::string& out) = 0;
};

/// `level` is that of the coding, `whole` the length of the content, or 0 when that isn't known.
std::unique_ptr<encoder> make_encoder(coding c, int level, std::size_t whole);

/// Unpacks one content, given in pieces.
class decoder {
 public:
  virtual ~decoder() = default;
  /// Takes from the front of `packed` and appends to `out`, at most `room` bytes. When `packed` is
  /// left over, there was no more room; when `room` was filled, there may be more to come without
  /// further input.
  /// Errors: throws `errc::invalid_argument` for broken data.
  virtual void take(std::string_view& packed, std::string& out, std::size_t room) = 0;
  /// Whether the content may end here.
  virtual bool complete() const noexcept = 0;
};

std::unique_ptr<decoder> make_decoder(coding c);

}  // namespace kit::http::detail
