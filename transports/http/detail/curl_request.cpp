// A call's way into libcurl: a request becomes options of an easy handle.
#include <algorithm>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include <curl/curl.h>

#include <kit/http/syntax.hpp>
#include <transports/http/chunked.hpp>
#include <transports/http/detail/curl_transfer.hpp>

namespace kit::http::detail {

// What libcurl calls. Only forwards.
struct curl_callbacks {
  static curl_transfer& self(void* user) noexcept { return *static_cast<curl_transfer*>(user); }

  static std::size_t header(char* data, std::size_t, std::size_t size, void* user) {
    return self(user).on_header_line({data, size}) ? size : 0;
  }
  static std::size_t write(char* data, std::size_t, std::size_t size, void* user) {
    return self(user).on_content({data, size});
  }
  static std::size_t read(char* into, std::size_t item, std::size_t items, void* user) {
    return self(user).on_send(into, item * items);
  }
  // Streamed content cannot be read a second time.
  static int seek(void*, curl_off_t, int) { return CURL_SEEKFUNC_FAIL; }
  static int before_request(void* user, char*, char*, int, int) {
    return self(user).on_request() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
  }
  static int trailers(curl_slist** list, void* user) { return self(user).on_trailers(list); }
};

namespace {

constexpr long buffer_size = 64 * 1024;
// A chunk of content as long as `buffer_size`, and what frames it: its length and two line ends.
constexpr long upload_buffer_size = buffer_size + 16;
constexpr long keep_alive_seconds = 15;
// Content as long as that makes libcurl ask first, and wait.
constexpr std::uint64_t expect_from = 1024 * 1024;

// Those of the usual ones that libcurl was built with.
const char* codings() noexcept {
  static const auto has = curl_version_info(CURLVERSION_NOW)->features;
  if (has & CURL_VERSION_BROTLI) return has & CURL_VERSION_LIBZ ? "gzip, br" : "br";
  return has & CURL_VERSION_LIBZ ? "gzip" : nullptr;
}

template <class T>
void set(void* easy, CURLoption option, T value) {
  if (curl_easy_setopt(easy, option, value) != CURLE_OK) throw std::bad_alloc();
}

void set_text(void* easy, CURLoption option, const std::string& text) {
  if (!text.empty()) set(easy, option, text.c_str());
}

// Sent by libcurl itself, or not at all.
bool is_framing(field f) noexcept {
  return f == field::content_length || f == field::transfer_encoding;
}

bool has_scheme(std::string_view url, std::string_view scheme) noexcept {
  return iequals(url.substr(0, scheme.size()), scheme);
}

long version_of(client_protocol p) noexcept {
  if (p == client_protocol::http_1_1) return CURL_HTTP_VERSION_1_1;
  if (p == client_protocol::negotiated) return CURL_HTTP_VERSION_2TLS;
  return CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
}

error bad_request(std::string text) {
  return error(errc::invalid_argument, std::move(text))
      .with(call_failure{call_failure::stage::request});
}

}  // namespace

// libcurl 7.88 starts HTTP/2 anew on a connection that has it (mended in 8.0).
bool reuses_connections(const client_options& o) noexcept {
  static const auto version = curl_version_info(CURLVERSION_NOW)->version_num;  // takes its time
  return o.protocol != client_protocol::http_2_prior_knowledge || version < 0x075800 ||
         version >= 0x080000;
}

void curl_transfer::free_parts::operator()(void* parts) const noexcept {
  curl_url_cleanup(static_cast<CURLU*>(parts));
}

curl_transfer::curl_transfer(std::shared_ptr<const client_options> options)
    : options_(std::move(options)), easy_(curl_easy_init()), parts_(curl_url()) {
  if (!easy_) throw std::bad_alloc();
  try {
    configure();
  } catch (...) {
    curl_easy_cleanup(easy_);
    throw;
  }
}

curl_transfer::~curl_transfer() {
  if (upload_) upload_->cancel();
  curl_easy_cleanup(easy_);
}

// What is the same for all calls.
void curl_transfer::configure() {
  const auto& o = *options_;
  if (!parts_) throw std::bad_alloc();
  set(easy_, CURLOPT_PRIVATE, static_cast<void*>(this));
  // libcurl would take a URL's text apart for each request, and put it together again.
  set(easy_, CURLOPT_CURLU, static_cast<CURLU*>(parts_.get()));
  set(easy_, CURLOPT_ERRORBUFFER, error_text_.data());
  set(easy_, CURLOPT_NOSIGNAL, 1L);
  set(easy_, CURLOPT_QUICK_EXIT, 1L);  // a look-up under way is not waited for
  set(easy_, CURLOPT_PATH_AS_IS, 1L);
  set(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  set(easy_, CURLOPT_TCP_KEEPIDLE, keep_alive_seconds);
  set(easy_, CURLOPT_TCP_KEEPINTVL, keep_alive_seconds);
  set(easy_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(easy_, CURLOPT_BUFFERSIZE, buffer_size);
  set(easy_, CURLOPT_UPLOAD_BUFFERSIZE, upload_buffer_size);
  set(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  const long connect =
      static_cast<long>(std::min<std::int64_t>(o.connect_timeout.count(), INT32_MAX));
  // Zero would be libcurl's own default.
  set(easy_, CURLOPT_CONNECTTIMEOUT_MS, connect == 0 ? long{INT32_MAX} : connect);
  set(easy_, CURLOPT_MAXAGE_CONN,
      o.idle_timeout.count() == 0
          ? long{INT32_MAX}
          : static_cast<long>(std::min<std::int64_t>(o.idle_timeout.count() / 1000, INT32_MAX)));

  set(easy_, CURLOPT_HTTP_VERSION, version_of(o.protocol));
  if (!reuses_connections(o)) {
    set(easy_, CURLOPT_FRESH_CONNECT, 1L);
    set(easy_, CURLOPT_FORBID_REUSE, 1L);
  }

  set(easy_, CURLOPT_PROXY, o.proxy.c_str());  // empty: not the environment's either
  set(easy_, CURLOPT_NOPROXY, o.no_proxy.c_str());
  set_text(easy_, CURLOPT_UNIX_SOCKET_PATH, o.unix_socket);

  configure_tls();
  configure_callbacks();
}

void curl_transfer::configure_tls() {
  const auto& tls = options_->tls;
  set(easy_, CURLOPT_SSL_VERIFYPEER, tls.verify ? 1L : 0L);
  set(easy_, CURLOPT_SSL_VERIFYHOST, tls.verify ? 2L : 0L);
  set(easy_, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  if (!tls.ca_file.empty() || !tls.ca_pem.empty()) {  // else the system's folder counts, too
    set(easy_, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  set_text(easy_, CURLOPT_CAINFO, tls.ca_file);
  if (!tls.ca_pem.empty()) {
    curl_blob blob{const_cast<char*>(tls.ca_pem.data()), tls.ca_pem.size(), CURL_BLOB_COPY};
    set(easy_, CURLOPT_CAINFO_BLOB, &blob);
  }
  set_text(easy_, CURLOPT_SSLCERT, tls.certificate_file);
  set_text(easy_, CURLOPT_SSLKEY, tls.key_file);
  set_text(easy_, CURLOPT_KEYPASSWD, tls.key_password);
}

void curl_transfer::configure_callbacks() {
  set(easy_, CURLOPT_HEADERFUNCTION, &curl_callbacks::header);
  set(easy_, CURLOPT_HEADERDATA, this);
  set(easy_, CURLOPT_WRITEFUNCTION, &curl_callbacks::write);
  set(easy_, CURLOPT_WRITEDATA, this);
  set(easy_, CURLOPT_READFUNCTION, &curl_callbacks::read);
  set(easy_, CURLOPT_READDATA, this);
  set(easy_, CURLOPT_SEEKFUNCTION, &curl_callbacks::seek);
  set(easy_, CURLOPT_PREREQFUNCTION, &curl_callbacks::before_request);
  set(easy_, CURLOPT_PREREQDATA, this);
  set(easy_, CURLOPT_TRAILERFUNCTION, &curl_callbacks::trailers);
  set(easy_, CURLOPT_TRAILERDATA, this);
}

result<void> curl_transfer::prepare(request&& req, mode m, time_point until) {
  error_text_[0] = '\0';
  until_ = until;
  if (auto r = set_url(req.target); !r) return r;
  if (m == mode::streaming) download_ = std::make_shared<download>();
  method_ = req.method;
  repeatable_ = method_.is_idempotent() || req.headers.contains(field::idempotency_key);
  set_method(req);
  set_fields(req);
  if (shape_ == shape::stream) {
    const bool trailed = !req.body.trailers().empty();  // only chunks can be followed by fields
    upload_ = std::make_shared<upload>(std::move(req.body));
    const auto size = trailed ? std::nullopt : upload_->size();
    set(easy_, CURLOPT_INFILESIZE_LARGE, size ? static_cast<curl_off_t>(*size) : curl_off_t{-1});
  } else if (shape_ == shape::bytes) {
    content_ = req.body.take();
    set(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(content_.size()));
    set(easy_, CURLOPT_POSTFIELDS, content_.c_str());
  }
  return {};
}

result<void> curl_transfer::set_url(std::string_view target) {
  const bool secure = has_scheme(target, "https://");
  if (!secure && !has_scheme(target, "http://")) {
    return kit::fail(bad_request("the target is not an absolute URL of http or https"));
  }
  const auto host = target.find("//") + 2;
  const auto end = std::min(target.find_first_of("/?#", host), target.size());
  if (end == host) return kit::fail(bad_request("the URL names no host"));
  origin_.assign(target, 0, end);
  if (target.find('\0') != target.npos) return kit::fail(bad_request("the URL holds a NUL"));
  if (url_ != target) {
    url_.clear();  // if that fails
    std::string text(target);
    const auto code = curl_url_set(static_cast<CURLU*>(parts_.get()), CURLUPART_URL, text.c_str(),
                                   CURLU_PATH_AS_IS);
    if (code == CURLUE_OUT_OF_MEMORY) throw std::bad_alloc();
    if (code != CURLUE_OK) return kit::fail(bad_request(curl_url_strerror(code)));
    url_ = std::move(text);
  }

  // Whether to see first if a connection under way takes several calls.
  const bool wait = reuses_connections(*options_) &&
                    (options_->protocol == client_protocol::http_2_prior_knowledge ||
                     (options_->protocol == client_protocol::negotiated && secure));
  if (std::exchange(waits_, wait) != wait) set(easy_, CURLOPT_PIPEWAIT, wait ? 1L : 0L);
  return {};
}

void curl_transfer::set_method(const request& req) {
  const auto m = req.method.known();
  if (m == method::head) return set_shape(shape::head);
  // These say how long their content is, even when there is none (RFC 9110 8.6).
  const bool has_meaning = m == method::post || m == method::put || m == method::patch;
  if (req.body.is_stream() || !req.body.trailers().empty()) {
    set_shape(shape::stream);
  } else if (!req.body.empty() || has_meaning) {
    set_shape(shape::bytes);
  } else {
    set_shape(shape::get);
  }
  const bool usual =
      (shape_ == shape::get && m == method::get) || (shape_ == shape::bytes && m == method::post);
  if (usual && usual_method_) return;
  usual_method_ = usual;
  set(easy_, CURLOPT_CUSTOMREQUEST, usual ? nullptr : std::string(req.method.name()).c_str());
}

void curl_transfer::set_shape(shape s) {
  if (shape_ == s) return;
  shape_ = s;
  set(easy_, CURLOPT_UPLOAD, s == shape::stream ? 1L : 0L);
  set(easy_, CURLOPT_NOBODY, s == shape::head ? 1L : 0L);
  if (s == shape::head) {
    set(easy_, CURLOPT_CUSTOMREQUEST, static_cast<const char*>(nullptr));
    usual_method_ = true;
  }
  if (s == shape::get) set(easy_, CURLOPT_HTTPGET, 1L);
  if (s == shape::bytes) set(easy_, CURLOPT_POST, 1L);
}

void curl_transfer::set_fields(const request& req) {
  const auto& from = req.headers;
  const bool unpack = options_->decompress && !from.contains(field::accept_encoding);
  if (std::exchange(unpacks_, unpack) != unpack) {
    set(easy_, CURLOPT_ACCEPT_ENCODING, unpack ? codings() : nullptr);
  }
  if (unpack && codings()) fields_.add("Accept-Encoding", codings());  // cheaper than libcurl's
  for (const auto& f : from) {
    if (!is_framing(f.field)) fields_.add(f.name, f.value);
  }
  // libcurl would add these.
  const auto size = req.body.size();
  if (!from.contains(field::accept)) fields_.suppress("Accept");
  if (!from.contains(field::expect) && (shape_ == shape::stream || size >= expect_from)) {
    fields_.suppress("Expect");
  }
  if (!from.contains(field::content_type) && shape_ == shape::bytes) {
    fields_.suppress("Content-Type");
  }
  set(easy_, CURLOPT_HTTPHEADER, fields_.list());
}

// Before each request that goes to a connection. A further one means that the connection was closed
// before an answer came; whether the server has acted on it isn't known.
bool curl_transfer::on_request() noexcept {
  return ++attempts_ == 1 || repeatable_;
}

void curl_transfer::count_anew() {
  if (time_limit_) time_limit_->arm_after(options_->timeout);
}

std::size_t curl_transfer::on_send(char* into, std::size_t room) {
  if (!upload_) return 0;
  if (stop_sending_) {
    count_anew();
    return 0;
  }
  const auto r = upload_->take(into, room);
  switch (r.state) {
    case upload::state::data:
      count_anew();
      return r.size;
    case upload::state::nothing_yet:
      if (time_limit_ && !head_done_) time_limit_->disarm();  // else the server is to go on, too
      return CURL_READFUNC_PAUSE;
    case upload::state::end:
      count_anew();
      return 0;
    case upload::state::failed:
      break;
  }
  failure_ = upload_->failure();
  return CURL_READFUNC_ABORT;
}

int curl_transfer::on_trailers(curl_slist** list) {
  if (!upload_) return CURL_TRAILERFUNC_OK;
  for (const auto& f : upload_->trailers()) {
    if (is_forbidden_trailer(f.field)) continue;
    const auto line = std::string(f.name) + ": " + std::string(f.value);
    auto* longer = curl_slist_append(*list, line.c_str());
    if (!longer) return CURL_TRAILERFUNC_ABORT;
    *list = longer;
  }
  return CURL_TRAILERFUNC_OK;
}

}  // namespace kit::http::detail
