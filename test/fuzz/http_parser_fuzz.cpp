// Any bytes, in any pieces: the parser says the same, keeps to its limits, and what it lets through
// is valid.
#include <kit/http/syntax.hpp>
#include <kit/http/target.hpp>
#include <transports/http/request_parser.hpp>

#include "fuzz.hpp"

#include <string>
#include <utility>
#include <vector>

namespace {

namespace http = kit::http;

struct message {
  http::request request;
  bool keep_alive = false;
};

struct outcome {
  std::vector<message> messages;
  http::parse_state state = http::parse_state::need_head;
  http::protocol_error error;
  bool started = false;
  std::string unread;
};

http::parser_options choose_options(fuzz::input& in) {
  http::parser_options o;
  if (in.below(2) == 0) return o;
  o.max_header_bytes = 20 + in.below(256);
  o.max_header_count = in.below(8);
  o.max_target_bytes = 1 + in.below(64);
  o.max_body_bytes = in.below(64);
  o.max_streamed_body_bytes = in.below(128);
  o.max_chunk_extension_bytes = in.below(32);
  o.max_empty_lines = in.below(3);
  return o;
}

void check_valid(const http::request& r, const http::parser_options& o, bool streaming) {
  FUZZ_REQUIRE(http::is_token(r.method.name()));
  FUZZ_REQUIRE(r.target.size() <= o.max_target_bytes + 1);  // an absolute-form may become "/?..."
  FUZZ_REQUIRE(http::parse_target(r.method, r.target));
  FUZZ_REQUIRE(r.headers.size() <= o.max_header_count + 1);  // Host may have been added
  for (const auto& [name, value, field] : r.headers) {
    FUZZ_REQUIRE(http::is_token(name));
    FUZZ_REQUIRE(http::is_field_value(value));
    FUZZ_REQUIRE(http::trim_ows(value) == value);
  }
  FUZZ_REQUIRE(r.headers.count(http::field::host) <= 1);
  FUZZ_REQUIRE(r.version < http::version::http_1_1 || r.headers.contains(http::field::host));
  if (const auto host = r.headers.get(http::field::host)) {
    FUZZ_REQUIRE(http::parse_authority(*host));
  }
  FUZZ_REQUIRE(!r.headers.contains(http::field::content_length) ||
               !r.headers.contains(http::field::transfer_encoding));
  const auto limit = streaming ? o.max_streamed_body_bytes : o.max_body_bytes;
  FUZZ_REQUIRE(r.body.bytes().size() <= limit || (streaming && limit == 0));
  FUZZ_REQUIRE(r.body.empty() || streaming || r.body.is_padded());
  for (const auto& [name, value, field] : r.body.trailers()) {
    FUZZ_REQUIRE(http::is_token(name) && http::is_field_value(value));
    FUZZ_REQUIRE(!http::is_forbidden_trailer(field));
  }
}

// As a session does it: what was not consumed comes again, with what came meanwhile; and of a
// streamed body the content is taken after each call.
template <class NextPiece>
outcome feed(std::string_view wire, const http::parser_options& options, bool streaming,
             NextPiece next) {
  http::request_parser parser(options, streaming);
  outcome o;
  std::string content;
  bool more = false;
  for (std::size_t at = 0, size = 0; (size = next()) > 0; at += size) {
    o.unread += wire.substr(at, size);
    do {
      const fuzz::tight unread(o.unread);
      const auto r = parser.parse(unread.view());
      FUZZ_REQUIRE(r.consumed <= o.unread.size());
      o.unread.erase(0, r.consumed);
      o.state = r.state;
      more = r.state == http::parse_state::complete ||
             (streaming && r.state == http::parse_state::need_body && r.consumed > 0);
      if (streaming && more) content += parser.message().body.take();
      if (r.state == http::parse_state::complete) {
        if (streaming) {
          FUZZ_REQUIRE(parser.body_size() == content.size() && parser.body_left() == 0);
          parser.message().body.storage() = std::exchange(content, {});
        }
        check_valid(parser.message(), options, streaming);
        o.messages.push_back({std::move(parser.message()), parser.keep_alive()});
      } else if (r.state != http::parse_state::failed) {
        FUZZ_REQUIRE(o.unread.size() <= options.max_header_bytes + 2);  // one incomplete line
      }
    } while (more && !o.unread.empty());
    if (o.state == http::parse_state::failed) break;
  }
  o.error = parser.error();
  o.started = parser.started();
  return o;
}

void check_same(const outcome& a, const outcome& b) {
  FUZZ_REQUIRE(a.messages.size() == b.messages.size());
  for (std::size_t i = 0; i < a.messages.size(); ++i) {
    const auto& x = a.messages[i];
    const auto& y = b.messages[i];
    FUZZ_REQUIRE(x.keep_alive == y.keep_alive);
    FUZZ_REQUIRE(x.request.method == y.request.method);
    FUZZ_REQUIRE(x.request.version == y.request.version);
    FUZZ_REQUIRE(x.request.target == y.request.target);
    FUZZ_REQUIRE(x.request.headers == y.request.headers);
    FUZZ_REQUIRE(x.request.body.bytes() == y.request.body.bytes());
    FUZZ_REQUIRE(x.request.body.trailers() == y.request.body.trailers());
  }
  FUZZ_REQUIRE(a.state == b.state);
  FUZZ_REQUIRE(a.error == b.error);
  FUZZ_REQUIRE(a.started == b.started);
  if (a.state != http::parse_state::failed) FUZZ_REQUIRE(a.unread == b.unread);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in(data, size);
  const auto options = choose_options(in);
  const bool streaming = in.below(2) == 1;
  const auto seed = in.below(256);
  const auto wire = in.rest();
  auto left = wire.size();
  const auto whole = feed(wire, options, streaming, [&] { return std::exchange(left, 0); });
  fuzz::splitter pieces(wire.size(), seed);
  check_same(whole, feed(wire, options, streaming, [&] { return pieces.next(); }));
  left = wire.size();
  check_same(whole, feed(wire, options, streaming, [&] { return left > 0 ? (--left, 1u) : 0u; }));
  return 0;
}
