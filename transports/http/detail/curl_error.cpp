#include <transports/http/detail/curl_error.hpp>

#include <string>

#include <curl/curl.h>

namespace kit::http::detail {
namespace {

using stage = call_failure::stage;

struct meaning {
  errc code;
  stage at;
};

// NOLINTNEXTLINE(readability-function-size): a table
meaning meaning_of(void* easy, int code, bool sent) {
  switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL:  // that of the answer, where one came
      if (sent) return {errc::internal, stage::protocol};
      [[fallthrough]];
    case CURLE_URL_MALFORMAT:
    case CURLE_BAD_FUNCTION_ARGUMENT:
      return {errc::invalid_argument, stage::request};
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
      return {errc::unavailable, stage::resolve};
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
    case CURLE_NO_CONNECTION_AVAILABLE:
    case CURLE_PROXY:
      return {errc::unavailable, stage::connect};
    case CURLE_OPERATION_TIMEDOUT:  // only making a connection has a time limit of libcurl's
      return {errc::unavailable, stage_of(easy)};
    case CURLE_SSL_CONNECT_ERROR:
      return {errc::unavailable, stage::tls};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_SSL_CIPHER:
      return {errc::failed_precondition, stage::tls};
    case CURLE_SEND_ERROR:
    case CURLE_SEND_FAIL_REWIND:
      return {errc::unavailable, stage::send};
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_ABORTED_BY_CALLBACK:
      return {errc::unavailable, stage::receive};
    case CURLE_OUT_OF_MEMORY:  // also a line of the answer's head that is longer than 100 KiB
      return {errc::resource_exhausted, sent ? stage::limit : stage::request};
    default:
      return {errc::internal, stage::protocol};
  }
}

bool proxy_refused(void* easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &status);
  return status != 0 && status / 100 != 2;
}

}  // namespace

error curl_error(void* easy, int code, std::string_view text, bool sent) {
  if (code == CURLE_RECV_ERROR && proxy_refused(easy)) {
    code = CURLE_PROXY;
    sent = false;
  }
  const auto [what, at] = meaning_of(easy, code, sent);
  if (text.empty()) text = curl_easy_strerror(static_cast<CURLcode>(code));
  // The only callback that aborts by itself is that before a request is sent a second time.
  if (code == CURLE_ABORTED_BY_CALLBACK) text = "the connection was closed before the answer came";
  return error(what, std::string(name(at)) + ": " + std::string(text)).with(call_failure{at, sent});
}

call_failure::stage stage_of(void* easy) noexcept {
  long sent = 0;
  long local_port = 0;
  curl_off_t resolved = 0;
  curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent);
  curl_easy_getinfo(easy, CURLINFO_LOCAL_PORT, &local_port);
  curl_easy_getinfo(easy, CURLINFO_NAMELOOKUP_TIME_T, &resolved);
  if (sent > 0) return stage::receive;
  if (resolved == 0) return stage::resolve;
  return local_port == 0 ? stage::connect : stage::tls;
}

}  // namespace kit::http::detail
