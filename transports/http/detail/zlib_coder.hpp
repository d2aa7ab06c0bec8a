#pragma once

#include <memory>

#include <transports/http/detail/coder.hpp>

namespace kit::http::detail {

/// gzip (RFC 1952), or else deflate in zlib's frame (RFC 1950).
std::unique_ptr<encoder> make_zlib_encoder(bool gzip, int level);
std::unique_ptr<decoder> make_zlib_decoder(bool gzip);

}  // namespace kit::http::detail
