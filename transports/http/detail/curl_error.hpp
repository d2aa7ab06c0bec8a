#pragma once

#include <string_view>

#include <kit/error.hpp>
#include <transports/http/call_failure.hpp>

namespace kit::http::detail {

/// What a transfer has failed with: a CURLcode other than CURLE_OK, of the handle (CURL*), with the
/// text that libcurl has written.
error curl_error(void* easy, int code, std::string_view text, bool sent);

/// How far the transfer of a handle has come: `resolve` to `receive`, the latter once it was sent.
call_failure::stage stage_of(void* easy, bool sent) noexcept;

}  // namespace kit::http::detail
