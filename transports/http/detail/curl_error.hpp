#pragma once

#include <string_view>

#include <kit/error.hpp>

namespace kit::http::detail {

/// What a transfer has failed with: a CURLcode other than CURLE_OK, of the handle (CURL*), with the
/// text that libcurl has written.
error curl_error(void* easy, int code, std::string_view text, bool sent);

}  // namespace kit::http::detail
