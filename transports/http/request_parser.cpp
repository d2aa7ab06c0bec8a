#include <transports/http/request_parser.hpp>

#include <algorithm>
#include <utility>

#include <transports/http/request_line.hpp>

namespace kit::http {
namespace {

// Room made for a body before any of it came: more only as it arrives.
constexpr std::size_t max_reserved = 16 * 1024;
// Room made for the fields when the first ones come, beside their text.
constexpr std::size_t usual_fields = 12;
constexpr std::size_t max_reserved_text = 1024;

parser_options clamp(parser_options o) noexcept {
  o.max_header_count = std::min(o.max_header_count, parser_options::most_header_count);
  o.max_header_bytes = std::min(o.max_header_bytes, parser_options::most_header_bytes);
  return o;
}

}  // namespace

request_parser::request_parser(const parser_options& options, bool streaming)
    : options_(clamp(options)), streaming_(streaming) {
  if (options_.max_streamed_body_bytes == 0) options_.max_streamed_body_bytes = UINT64_MAX;
}

parse_result request_parser::parse(std::string_view unread) {
  if (stage_ == stage::done) start();
  std::size_t used = 0;
  for (bool more = true; more;) {
    switch (stage_) {
      case stage::request_line:
        more = parse_request_line(unread.substr(used), used);
        break;
      case stage::fields:
        more = parse_fields(unread.substr(used), used);
        break;
      case stage::sized_body:
        more = parse_sized_body(unread.substr(used), used);
        break;
      case stage::chunked_body:
        more = parse_chunked_body(unread.substr(used), used);
        break;
      case stage::done:
      case stage::failed:
        more = false;
    }
  }
  return {state(), used};
}

parse_state request_parser::put(std::string content) {
  continue_done_ = true;
  body_size_ += content.size();
  body_left_ -= content.size();
  auto& all = request_.body.storage();
  if (all.empty()) {
    all = std::move(content);
  } else {
    all += content;
  }
  if (body_left_ == 0) stage_ = stage::done;
  return state();
}

parse_state request_parser::state() const noexcept {
  switch (stage_) {
    case stage::done:
      return parse_state::complete;
    case stage::failed:
      return parse_state::failed;
    case stage::sized_body:
    case stage::chunked_body:
      return parse_state::need_body;
    default:
      return parse_state::need_head;
  }
}

void request_parser::start() {
  // Method, version and target are set by the next request line.
  request_.headers.clear();
  request_.body = {};
  request_.params.clear();
  framing_ = {};
  head_bytes_ = empty_lines_ = 0;
  body_size_ = body_left_ = 0;
  started_ = continue_done_ = absolute_form_ = false;
  stage_ = stage::request_line;
}

bool request_parser::fail(const protocol_error& error) noexcept {
  stage_ = stage::failed;
  error_ = error;
  request_.headers.clear();
  request_.body = {};
  return false;
}

bool request_parser::parse_request_line(std::string_view in, std::size_t& used) {
  const auto limit =
      std::min(max_request_line(options_.max_target_bytes), options_.max_header_bytes);
  switch (lines_.read(in, limit)) {
    case line_reader::state::need_more:
      return false;
    case line_reader::state::malformed:
      return fail({status::bad_request, lines_.error()});
    case line_reader::state::too_long:
      return fail(refuse_long_request_line(in.substr(0, limit)));
    case line_reader::state::complete:
      break;
  }
  const auto line = lines_.line();
  used += line.size() + 2;
  if (line.empty()) {
    if (++empty_lines_ > options_.max_empty_lines) {
      return fail({status::bad_request, "too many empty lines before a request"});
    }
    return true;
  }
  started_ = true;
  head_bytes_ = line.size() + 2;
  request_line parsed;
  if (auto wrong = http::parse_request_line(line, options_.max_target_bytes, parsed)) {
    return fail(*wrong);
  }
  request_.method = parsed.method;
  request_.version = request_version_ = parsed.version;
  framing_.tunnel = parsed.method == method::connect;
  request_.target = parsed.target;
  absolute_form_ = parsed.parts && parsed.parts->form == target_form::absolute;
  request_.headers.reserve(usual_fields, std::min(in.size(), max_reserved_text));
  stage_ = stage::fields;
  return true;
}

bool request_parser::parse_fields(std::string_view in, std::size_t& used) {
  for (;;) {
    const auto room = options_.max_header_bytes - std::min(head_bytes_, options_.max_header_bytes);
    switch (lines_.read(in, room)) {
      case line_reader::state::need_more:
        return false;
      case line_reader::state::malformed:
        return fail({status::bad_request, lines_.error()});
      case line_reader::state::too_long:
        return fail({status::request_header_fields_too_large, "header section is too large"});
      case line_reader::state::complete:
        break;
    }
    const auto line = lines_.line();
    const auto bytes = line.size() + 2;
    in.remove_prefix(bytes);
    used += bytes;
    head_bytes_ += bytes;
    if (line.empty()) return finish_head();
    if (!add_field(line)) return false;
  }
}

bool request_parser::add_field(std::string_view line) {
  field_line parsed;
  if (const char* wrong = parse_field_line(line, parsed)) {
    return fail({status::bad_request, wrong});
  }
  if (request_.headers.size() >= options_.max_header_count) {
    return fail({status::request_header_fields_too_large, "too many header fields"});
  }
  if (message_framing::concerns(parsed.field)) {
    if (auto wrong = framing_.add(parsed, request_version_)) return fail(*wrong);
  }
  request_.headers.append_line(parsed.field, parsed.text, parsed.name_size, parsed.value_pos);
  return true;
}

bool request_parser::finish_head() {
  if (auto wrong = framing_.check(request_version_)) return fail(*wrong);
  if (absolute_form_) {
    // RFC 9112 3.2.2: the authority of the target wins over Host.
    const std::string whole = std::move(request_.target);
    const auto parts = parse_target(request_.method, whole);
    request_.headers.set(field::host, parts->authority);
    const auto mark = whole.find('?');
    // RFC 9112 3.2.4: neither a path nor a query, be it an empty one, stands for `*`.
    const bool whole_server =
        parts->path.empty() && mark == whole.npos && request_.method == method::options;
    request_.target = whole_server ? "*" : "/";
    if (!parts->path.empty()) request_.target = parts->path;
    if (mark != whole.npos) request_.target += whole.substr(mark);
  }
  return framing_.has_transfer_encoding ? start_chunked_body() : start_sized_body();
}

bool request_parser::start_chunked_body() {
  const auto limit = streaming_ ? options_.max_streamed_body_bytes : options_.max_body_bytes;
  chunks_ = chunk_decoder({.max_body_bytes = limit,
                           .max_extension_bytes = options_.max_chunk_extension_bytes,
                           .max_trailer_bytes = options_.max_header_bytes,
                           .max_trailer_count = options_.max_header_count});
  stage_ = stage::chunked_body;
  return true;
}

bool request_parser::start_sized_body() {
  body_left_ = framing_.content_length.value_or(0);
  if (body_left_ == 0) {
    stage_ = stage::done;
    return false;
  }
  if (body_left_ > (streaming_ ? options_.max_streamed_body_bytes : options_.max_body_bytes)) {
    return fail({status::content_too_large, "body is too large"});
  }
  stage_ = stage::sized_body;
  if (streaming_ && body_left_ > options_.max_body_bytes) return false;  // never comes whole
  const auto room = std::min<std::uint64_t>(body_left_, max_reserved);
  request_.body.storage().reserve(static_cast<std::size_t>(room) + body::padding);
  return true;
}

bool request_parser::parse_sized_body(std::string_view in, std::size_t& used) {
  if (in.empty()) return false;
  continue_done_ = true;
  const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, in.size()));
  auto& content = request_.body.storage();
  if (content.capacity() < content.size() + n + body::padding) {
    const auto doubled = streaming_ ? content.size() + n : 2 * (content.size() + n);
    const auto room = std::min<std::uint64_t>(content.size() + body_left_, doubled);
    content.reserve(static_cast<std::size_t>(room) + body::padding);
  }
  content.append(in.data(), n);
  used += n;
  body_size_ += n;
  body_left_ -= n;
  if (body_left_ == 0) finish();
  return false;
}

bool request_parser::parse_chunked_body(std::string_view in, std::size_t& used) {
  if (in.empty()) return false;
  continue_done_ = true;
  auto& content = request_.body.storage();
  const auto before = content.size();
  if (streaming_) content.reserve(before + in.size());
  const auto [state, consumed] = chunks_.decode(in, content);
  used += consumed;
  body_size_ += content.size() - before;
  if (state == chunk_decoder::state::failed) return fail(chunks_.error());
  if (state == chunk_decoder::state::complete) {
    request_.body.set_trailers(std::move(chunks_.trailers()));
    finish();
  }
  return false;
}

void request_parser::finish() {
  request_.body.pad();
  stage_ = stage::done;
}

}  // namespace kit::http
