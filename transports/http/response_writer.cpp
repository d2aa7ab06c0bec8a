#include <transports/http/response_writer.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

#include <kit/http/syntax.hpp>

namespace kit::http {
namespace {

// Everything a head can hold besides the phrase and the response's own fields.
constexpr std::size_t fixed_bytes = 256;

// Writes into room that was measured before.
class writer {
 public:
  explicit writer(char* at) noexcept : at_(at) {}

  writer& put(std::string_view text) noexcept {
    at_ += text.copy(at_, text.size());
    return *this;
  }
  writer& number(std::uint64_t value) noexcept {
    at_ = std::to_chars(at_, at_ + 20, value).ptr;
    return *this;
  }
  writer& field(std::string_view name, std::string_view value) noexcept {
    return put(name).put(": ").put(value).put("\r\n");
  }
  char* at() const noexcept { return at_; }

 private:
  char* at_;
};

struct plan {
  http::status status;
  body_framing framing = body_framing::bytes;
  bool keep_alive = true;
  std::optional<std::uint64_t> length;  // to be said
  bool own_length = false;              // the response's Content-Length is kept
};

bool is_length(std::string_view text) noexcept {
  for (char c : text) {
    if (!is_digit(c)) return false;
  }
  return !text.empty() && text.size() <= 19;
}

// Where the message ends (RFC 9112 6.3, seen from the sender).
void plan_body(plan& p, const response& r, const response_context& c) {
  const bool is_head = c.request_method == method::head;
  const bool chunks = c.version >= version::http_1_1;
  const bool accepted = c.request_method == method::connect && is_success(p.status);
  p.length = p.status == status::reset_content ? 0 : r.body.size();
  if (is_informational(p.status) || p.status == status::no_content || accepted) {
    p.framing = body_framing::none;
    p.length.reset();
  } else if (is_head || p.status == status::not_modified) {
    p.framing = body_framing::none;
    if (r.body.empty() && r.headers.count(field::content_length) == 1) {
      p.own_length = is_length(*r.headers.get(field::content_length));
    }
    if (p.own_length || r.body.empty()) p.length.reset();  // it isn't said what GET would give
  } else if (p.status == status::reset_content) {
    p.framing = body_framing::none;
  } else if (!p.length || (chunks && !r.body.trailers().empty())) {
    p.length.reset();
    p.framing = chunks ? body_framing::chunked : body_framing::until_close;
    if (!chunks) p.keep_alive = false;
  }
}

plan make_plan(const response& r, const response_context& c) {
  const bool valid = to_int(r.status) >= 100 && to_int(r.status) <= 999;
  plan p{valid ? r.status : status::internal_server_error, body_framing::bytes, c.keep_alive, {}};
  if (r.headers.contains(field::connection) && r.headers.has_member(field::connection, "close")) {
    p.keep_alive = false;
  }
  if (!r.body.is_stream() && r.body.trailers().empty() && p.status == status::ok &&
      c.request_method != method::head && c.request_method != method::connect) {
    p.length = r.body.bytes().size();
    return p;
  }
  plan_body(p, r, c);
  return p;
}

// Fields that are written by other means than copying what the response has.
bool is_special(field f) noexcept {
  return f == field::connection || f == field::content_length || f == field::transfer_encoding ||
         f == field::keep_alive || f == field::proxy_connection;
}

void put_status_line(writer& w, const plan& p, std::string_view reason) noexcept {
  if (p.status == status::ok && reason.empty()) {
    w.put("HTTP/1.1 200 OK\r\n");
    return;
  }
  w.put("HTTP/1.1 ").number(static_cast<std::uint64_t>(to_int(p.status))).put(" ");
  w.put(reason.empty() ? reason_phrase(p.status) : reason).put("\r\n");
}

void put_connection(writer& w, const plan& p, const response& r, const response_context& c) {
  if (is_informational(p.status) && p.status != status::switching_protocols) return;
  std::string_view separator = "Connection: ";
  const auto option = [&](std::string_view text) {
    w.put(separator).put(text);
    separator = ", ";
  };
  for (const auto& [name, value, field] : r.headers) {
    if (field != field::connection) continue;
    for (auto rest = value;;) {
      const auto member = next_list_member(rest);
      if (member.empty()) break;
      if (!iequals(member, "close") && !iequals(member, "keep-alive")) option(member);
    }
  }
  if (p.status != status::switching_protocols) {
    if (!p.keep_alive) option("close");
    if (p.keep_alive && c.version < version::http_1_1) option("keep-alive");
  }
  if (separator == ", ") w.put("\r\n");
}

std::size_t measure(const response& r, std::string_view reason) noexcept {
  std::size_t bytes = fixed_bytes + reason.size();
  // Two bytes more for each byte of `Connection` are enough for its ", " between options.
  for (const auto& item : r.headers)
    bytes += item.name.size() + 3 * item.value.size() + 4;
  return bytes;
}

void put_fields(writer& w, const plan& p, const response& r, const response_context& c) {
  for (const auto& [name, value, field] : r.headers) {
    if (!is_special(field) || (field == field::content_length && p.own_length)) {
      w.field(name, value);
    }
  }
  if (p.length) w.put("Content-Length: ").number(*p.length).put("\r\n");
  if (p.framing == body_framing::chunked) w.put("Transfer-Encoding: chunked\r\n");
  const bool interim = is_informational(p.status);
  if (!c.date.empty() && !interim && !r.headers.contains(field::date)) w.field("Date", c.date);
  if (!p.keep_alive || c.version < version::http_1_1 || r.headers.contains(field::connection)) {
    put_connection(w, p, r, c);
  }
}

written_response append_head(std::string& out, const response& r, const response_context& c,
                             bool with_content) {
  const plan p = make_plan(r, c);
  const std::string_view reason =
      p.status == r.status && is_field_value(r.reason) ? std::string_view(r.reason) : "";
  const std::size_t start = out.size();
  const std::size_t room = measure(r, reason) + c.date.size();
  const auto content =
      with_content && p.framing == body_framing::bytes ? r.body.bytes() : std::string_view();
  if (out.capacity() - start < room + content.size()) {
    out.reserve(std::max(start + room + content.size(), 2 * start));
  }
  out.resize(start + room);
  writer w(out.data() + start);
  put_status_line(w, p, reason);
  put_fields(w, p, r, c);
  w.put("\r\n");
  out.resize(static_cast<std::size_t>(w.at() - out.data()));
  out.append(content);
  return {p.framing, p.keep_alive};
}

}  // namespace

written_response append_response_head(std::string& out, const response& r,
                                      const response_context& context) {
  return append_head(out, r, context, false);
}

written_response append_response(std::string& out, const response& r,
                                 const response_context& context) {
  return append_head(out, r, context, true);
}

}  // namespace kit::http
