// A call's way out of libcurl: the answer. Its way in is in curl_request.cpp.
#include <transports/http/detail/curl_transfer.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

#include <curl/curl.h>

#include <kit/http/syntax.hpp>
#include <transports/http/detail/curl_error.hpp>
#include <transports/http/detail/curl_loop.hpp>
#include <transports/http/field_line.hpp>
#include <transports/http/framing.hpp>

namespace kit::http::detail {

namespace {

// Content that is no longer goes out whatever the server does: the first window of HTTP/2.
constexpr std::size_t sent_at_once = 65'535;

}  // namespace

// --- the call

result<response> curl_transfer::take() {
  return *std::move(outcome_);
}

void curl_transfer::clear() noexcept {
  time_limit_.reset();
  content_.clear();
  fields_.clear();
  if (upload_) upload_->cancel();
  upload_.reset();
  download_.reset();
  answer_ = {};
  trailers_.clear();
  failure_.reset();
  outcome_.reset();
  content_left_.reset();
  stop_sending_ = false;
  attempts_ = header_bytes_ = 0;
  head_done_ = has_content_ = http_2_ = false;
}

// --- the loop

void curl_transfer::attach(curl_loop* loop) {
  time_limit_.reset();  // waits for `on_time_limit` on another thread
  loop_ = loop;
  ++call_;
  if (!loop || until_ == time_point::max()) return;
  time_limit_.emplace(loop->wheel(), on_due<&curl_transfer::on_time_limit>, *this);
  time_limit_->arm(until_);
}

void curl_transfer::on_time_limit() {
  loop_->time_is_over(*this, call_);
}

void curl_transfer::admitted() {
  loop_->admitted(*this);
}

curl_transfer& curl_transfer::of(void* easy) noexcept {
  char* self = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &self);
  return *static_cast<curl_transfer*>(static_cast<void*>(self));
}

void curl_transfer::finish(int code) {
  if (code == CURLE_HTTP2_STREAM && head_done_ && (content_left_ == 0 || error_text_[0] == '\0')) {
    code = CURLE_OK;  // only that the stream ended while it was sending: the answer is complete
  }
  if (code != CURLE_OK && !failure_) failure_ = error_of(code);
  if (!failure_ && !head_done_) {
    failure_ = error(errc::unavailable, "receive: the connection was closed within the head")
                   .with(call_failure{call_failure::stage::receive, was_sent()});
  }
  settle();
}

void curl_transfer::fail(error why) {
  if (!failure_) failure_ = std::move(why);
  settle();
}

void curl_transfer::settle() {
  time_limit_.reset();
  if (upload_) upload_->cancel();
  if (download_) {
    download_->end(failure_, std::move(trailers_));
  } else if (!failure_) {
    if (!trailers_.empty()) answer_.body.set_trailers(std::move(trailers_));
    answer_.body.pad();
  }
  resume();
}

void curl_transfer::resume() {
  if (outcome_) return;
  if (failure_) {
    outcome_.emplace(kit::fail(*failure_));
  } else {
    outcome_.emplace(std::move(answer_));
  }
  if (waiter) waiter.resume();
}

error curl_transfer::given_up(call_failure::stage why) const {
  using enum call_failure::stage;
  const auto at = in_multi ? stage_of(easy_, was_sent()) : admission;
  std::string text = "given up while ";
  switch (at) {
    case admission:
      text += "waiting for a connection to be free";
      break;
    case resolve:
      text += "looking up the name";
      break;
    case receive:
      text += upload_ && !upload_->all_taken() ? "sending the request" : "waiting for the answer";
      break;
    default:
      text += "connecting";
  }
  return error(why == timeout ? errc::deadline_exceeded : errc::canceled, std::move(text))
      .with(call_failure{why, at == receive});
}

error curl_transfer::error_of(int code) const {
  return curl_error(easy_, code, error_text_.data(), was_sent());
}

void curl_transfer::send_on() {
  const bool held_up = download_ && download_->held_up();
  curl_easy_pause(easy_, held_up ? CURLPAUSE_RECV : CURLPAUSE_CONT);
}

// Of HTTP/2 libcurl 7.88 holds megabytes meanwhile. What isn't taken of them would be copied at
// every pause, so all is.
void curl_transfer::read_on() {
  takes_all_ = true;
  curl_easy_pause(easy_, CURLPAUSE_CONT);
  takes_all_ = false;
}

bool curl_transfer::waits_for_connection_of(const curl_transfer& other) const noexcept {
  return this != &other && in_multi && waits_ && !was_sent() && origin_ == other.origin_ &&
         stage_of(easy_, false) == call_failure::stage::resolve;
}

// --- the answer, as libcurl hands it over

bool curl_transfer::refuse(errc code, call_failure::stage at, std::string text) {
  failure_ = error(code, std::move(text)).with(call_failure{at, true});
  return false;
}

bool curl_transfer::on_header_line(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > options_->max_header_bytes) {
    return refuse(errc::resource_exhausted, call_failure::stage::limit,
                  "the answer's header section is longer than " +
                      std::to_string(options_->max_header_bytes) + " bytes");
  }
  while (line.ends_with('\n') || line.ends_with('\r'))
    line.remove_suffix(1);
  if (!head_done_ && line.starts_with("HTTP/")) return on_status_line(line);
  if (!line.empty()) return on_field(line);
  if (!head_done_ && !is_informational(answer_.status)) return end_head();
  return true;
}

bool curl_transfer::on_status_line(std::string_view line) {
  http_2_ = line.starts_with("HTTP/2");
  const auto space = std::min(line.find(' '), line.size());
  const auto* begin = line.data() + std::min(space + 1, line.size());
  const auto* end = line.data() + line.size();
  int code = 0;
  const auto r = std::from_chars(begin, end, code);
  if (r.ec != std::errc() || r.ptr != begin + 3 || code < 100 || code > 599) {
    return refuse(errc::internal, call_failure::stage::protocol, "malformed status line");
  }
  answer_.status = static_cast<status>(code);
  answer_.headers.clear();
  const std::string_view reason(std::min(r.ptr + 1, end), end);
  answer_.reason = reason == reason_phrase(answer_.status) ? std::string_view() : reason;
  return true;
}

bool curl_transfer::on_field(std::string_view line) {
  field_line field;
  const char* wrong = parse_field_line(line, field);
  if (!wrong && !is_field_value(field.value())) wrong = "control character";
  if (wrong) {
    return refuse(errc::internal, call_failure::stage::protocol,
                  std::string("malformed field in the answer: ") + wrong);
  }
  auto& to = head_done_ ? trailers_ : answer_.headers;
  to.append_line(field.field, field.text, field.name_size, field.value_pos);
  return true;
}

// One length, or none where another way of framing says it (RFC 9112 6.3).
bool curl_transfer::settle_length() {
  auto& fields = answer_.headers;
  if (fields.contains(field::transfer_encoding)) fields.remove(field::content_length);
  const auto first = fields.get(field::content_length);
  if (!first) return true;
  std::size_t said = 0, same = 0;
  for (const auto& f : fields) {
    if (f.field != field::content_length) continue;
    ++said;
    if (f.value == *first) ++same;
  }
  if (same != said || !content_length(fields)) {
    return refuse(errc::internal, call_failure::stage::protocol, "malformed Content-Length");
  }
  if (said > 1) fields.set(field::content_length, std::string(*first));
  return true;
}

bool curl_transfer::end_head() {
  head_done_ = true;
  if (!settle_length()) return false;
  if (http_2_) loop_->speaks_http_2(*this);
  has_content_ = http::has_content(method_, answer_.status);
  auto& fields = answer_.headers;
  const bool packed = fields.contains(field::content_encoding);
  if (upload_) {
    if (!download_) count_anew();
    const bool closes = fields.has_member(field::connection, "close");
    stop_sending_ = closes && to_int(answer_.status) >= 300;
  }
  if (upload_ || !content_.empty()) {
    if (!has_content_) {
      content_left_ = 0;
    } else if (!packed) {
      content_left_ = content_length(fields);
    }
  }
  if (unpacks_ && has_content_ && packed) {  // these no longer say what there is
    fields.remove(field::content_encoding);
    fields.remove(field::content_length);
  }
  if (download_) {
    time_limit_.reset();
    loop_->head_came(*this);
  }
  look_for_early_end();
  return true;
}

// An answer may be complete, or refuse the rest, before all of the request was sent. libcurl would
// wait for that.
void curl_transfer::look_for_early_end() {
  if (upload_ ? upload_->all_taken() : content_.size() <= sent_at_once) return;
  if (content_left_ == 0) {
    loop_->answered_early(*this);
  } else if (stop_sending_) {
    loop_->resume_soon(*this);
  }
}

std::size_t curl_transfer::on_content(std::string_view data) {
  const bool taken = download_ ? download_->put(data, takes_all_) : keep(data);
  if (!taken) return download_ ? CURL_WRITEFUNC_PAUSE : CURL_WRITEFUNC_ERROR;
  if (content_left_) {
    *content_left_ -= std::min<std::uint64_t>(*content_left_, data.size());
    look_for_early_end();
  }
  return data.size();
}

bool curl_transfer::keep(std::string_view data) {
  auto& content = answer_.body.storage();
  const auto limit = options_->max_response_bytes;
  if (data.size() > limit - content.size()) {
    return refuse(errc::resource_exhausted, call_failure::stage::limit,
                  "the answer is longer than " + std::to_string(limit) + " bytes");
  }
  if (content.empty()) {
    const auto length = content_length(answer_.headers).value_or(0);
    if (length <= limit) content.reserve(static_cast<std::size_t>(length) + body::padding);
  }
  content += data;
  return true;
}

}  // namespace kit::http::detail
