#include <transports/http/detail/curl_error.hpp>

#include <algorithm>
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
      return {errc::unavailable, stage_of(easy, sent)};
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
      return {errc::unavailable, sent ? stage::send : stage_of(easy, sent)};
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_ABORTED_BY_CALLBACK:
      return {errc::unavailable, stage_of(easy, sent)};
    case CURLE_OUT_OF_MEMORY:  // also a line of the answer's head that is longer than 100 KiB
      return {errc::resource_exhausted, sent ? stage::limit : stage::request};
    default:
      return {errc::internal, stage::protocol};
  }
}

// What a proxy has answered to CONNECT; 0: nothing yet.
long tunnel_status(void* easy) noexcept {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &status);
  return status;
}

// Of TLS 1.3 the client learns that only when it has sent its request, on which the server doesn't
// act. libcurl has a code of its own for it only while it connects.
bool certificate_refused(std::string_view text) noexcept {
  constexpr std::string_view alerts[] = {
      "certificate required", "bad certificate",     "unknown ca",    "certificate expired",
      "certificate revoked",  "certificate unknown", "access denied", "unsupported certificate"};
  const auto at = text.find(" alert ");
  if (at == text.npos) return false;
  return std::ranges::any_of(alerts, [&](auto a) { return text.substr(at + 7).starts_with(a); });
}

// Some failures have a code that says less than the text.
int sharper(void* easy, int code, std::string_view text) noexcept {
  if (code != CURLE_RECV_ERROR && code != CURLE_SEND_ERROR) return code;
  if (const long status = tunnel_status(easy); status != 0 && status / 100 != 2) {
    return CURLE_PROXY;
  }
  if (certificate_refused(text)) return CURLE_SSL_CLIENTCERT;
  if (text.ends_with("in chunked-encoding")) return CURLE_WEIRD_SERVER_REPLY;
  return code;
}

}  // namespace

error curl_error(void* easy, int code, std::string_view text, bool sent) {
  code = sharper(easy, code, text);
  if (code == CURLE_PROXY || code == CURLE_SSL_CLIENTCERT) sent = false;
  const auto [what, at] = meaning_of(easy, code, sent);
  if (text.empty()) text = curl_easy_strerror(static_cast<CURLcode>(code));
  // The only callback that aborts by itself is that before a request is sent a second time.
  if (code == CURLE_ABORTED_BY_CALLBACK) text = "the connection was closed before the answer came";
  return error(what, std::string(name(at)) + ": " + std::string(text)).with(call_failure{at, sent});
}

call_failure::stage stage_of(void* easy, bool sent) noexcept {
  if (sent) return stage::receive;
  long connect_size = 0;  // of a request to a proxy
  long local_port = 0;
  curl_off_t resolved = 0;
  curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &connect_size);
  curl_easy_getinfo(easy, CURLINFO_LOCAL_PORT, &local_port);
  curl_easy_getinfo(easy, CURLINFO_NAMELOOKUP_TIME_T, &resolved);
  if (resolved == 0) return stage::resolve;
  if (local_port == 0 || (connect_size > 0 && tunnel_status(easy) / 100 != 2)) {
    return stage::connect;
  }
  return stage::tls;
}

}  // namespace kit::http::detail
