// Event streams: any bytes in any pieces give what a naive reading of the whole gives, and what was
// written is read back.
#include <kit/error.hpp>
#include <kit/http/event_stream.hpp>

#include "fuzz.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace http = kit::http;
using http::server_sent_event;
using state = http::event_stream_parser::state;

struct outcome {
  std::vector<server_sent_event> events;
  std::string last_id;
  bool failed = false;
};

template <class NextPiece>
outcome parse(std::string_view wire, const http::event_parser_options& options, NextPiece next) {
  http::event_stream_parser parser(options);
  outcome o;
  for (std::size_t at = 0, size = 0; (size = next()) > 0 && !o.failed; at += size) {
    std::string piece(wire.substr(at, size));
    for (;;) {
      const fuzz::tight in(piece);
      const auto r = parser.parse(in.view());
      FUZZ_REQUIRE(r.consumed <= piece.size());
      FUZZ_REQUIRE(r.state != state::need_more || r.consumed == piece.size());
      piece.erase(0, r.consumed);
      o.failed = r.state == state::failed;
      if (r.state != state::event) break;
      FUZZ_REQUIRE(parser.event().data.size() <= options.max_event_bytes);
      o.events.push_back(std::move(parser.event()));
    }
  }
  o.last_id = parser.last_event_id();
  return o;
}

void check_same(const outcome& a, const outcome& b) {
  FUZZ_REQUIRE(a.events == b.events && a.last_id == b.last_id && a.failed == b.failed);
}

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

std::string with_lf(std::string text) {
  for (std::size_t i = 0; (i = text.find("\r\n", i)) != text.npos; ++i)
    text.erase(i, 1);
  std::replace(text.begin(), text.end(), '\r', '\n');
  return text;
}

// WHATWG HTML 9.2.6, to the letter.
outcome naive(std::string text) {
  if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
  text = with_lf(std::move(text));
  outcome o;
  server_sent_event next;
  std::string data;
  for (std::size_t end = 0; (end = text.find('\n')) != text.npos; text.erase(0, end + 1)) {
    const auto line = text.substr(0, end);
    if (line.empty()) {
      if (next.id) o.last_id = *next.id;
      if (!data.empty()) {
        data.pop_back();
        next.data = data;
        o.events.push_back(next);
      }
      data.clear();
      next = {};
      continue;
    }
    const auto colon = std::min(line.find(':'), line.size());
    const auto name = line.substr(0, colon);
    auto value = colon < line.size() ? line.substr(colon + 1) : "";
    if (value.starts_with(' ')) value.erase(0, 1);
    if (name == "data") data += value + '\n';
    if (name == "event") next.event = value;
    if (name == "id" && value.find('\0') == value.npos) next.id = value;
    if (name == "retry" && is_number(value)) {
      next.retry = std::chrono::milliseconds(value.size() < 18 ? std::stoll(value) : -1);
    }
  }
  return o;
}

void check_naive(const outcome& got, outcome expected) {
  FUZZ_REQUIRE(got.events.size() == expected.events.size());
  for (std::size_t i = 0; i < got.events.size(); ++i) {
    auto& retry = expected.events[i].retry;
    if (retry && retry->count() < 0) retry = got.events[i].retry;  // too long to compute with
    FUZZ_REQUIRE(got.events[i] == expected.events[i]);
  }
  FUZZ_REQUIRE(got.last_id == expected.last_id);
}

void round_trip(fuzz::input in) {
  server_sent_event e;
  if (in.below(2) == 1) e.retry = std::chrono::milliseconds(in.below(256));
  if (in.below(2) == 1) e.id = std::string(in.until('|'));
  e.event = in.until('|');
  e.data = in.rest();
  std::string wire;
  try {
    http::append_event_comment(wire, e.data);
    http::append_event(wire, e);
  } catch (const kit::error&) {
    return;
  }
  auto left = wire.size();
  const auto o = parse(wire, {}, [&] { return std::exchange(left, 0); });
  e.data = with_lf(std::move(e.data));
  FUZZ_REQUIRE(o.events == std::vector{e});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in(data, size);
  http::event_parser_options options;
  const bool limited = in.below(2) == 1;
  if (limited) options.max_event_bytes = in.below(64);
  const auto seed = in.below(256);
  const auto wire = in.rest();
  auto left = wire.size();
  const auto whole = parse(wire, options, [&] { return std::exchange(left, 0); });
  fuzz::splitter pieces(wire.size(), seed);
  check_same(whole, parse(wire, options, [&] { return pieces.next(); }));
  left = wire.size();
  check_same(whole, parse(wire, options, [&] { return left > 0 ? (--left, 1u) : 0u; }));
  if (!whole.failed) check_naive(whole, naive(std::string(wire)));
  FUZZ_REQUIRE(limited || !whole.failed);
  round_trip(in);
  return 0;
}
