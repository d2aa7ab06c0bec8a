// Multipart content: any bytes in any pieces give what a naive reading of the whole gives, and what
// was written is read back.
#include <kit/error.hpp>
#include <kit/http/multipart.hpp>
#include <kit/http/multipart_form.hpp>
#include <kit/http/syntax.hpp>

#include "fuzz.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace http = kit::http;
using event = http::multipart_parser::event;

struct part {
  http::headers headers;
  std::string data;
  bool ended = false;
  friend bool operator==(const part&, const part&) = default;
};
struct outcome {
  std::vector<part> parts;
  event last = event::need_more;
};

constexpr std::size_t longest_line = 200;
constexpr std::size_t longest_delimiter = 2 + 2 + 70 + 64 + 2;

template <class NextPiece>
outcome parse(std::string_view wire, std::string_view boundary,
              const http::multipart_options& options, NextPiece next) {
  http::multipart_parser parser(boundary, options);
  outcome o;
  std::string unread;
  for (std::size_t at = 0, size = 0; (size = next()) > 0; at += size) {
    unread += wire.substr(at, size);
    do {
      const fuzz::tight in(unread);
      const auto r = parser.next(in.view());
      FUZZ_REQUIRE(r.consumed <= unread.size());
      FUZZ_REQUIRE(r.data.empty() == (r.what != event::data));
      o.last = r.what;
      if (r.what == event::part) o.parts.push_back({parser.headers(), {}});
      if (r.what == event::data) o.parts.back().data += r.data;
      if (r.what == event::part_end) o.parts.back().ended = true;
      unread.erase(0, r.consumed);
    } while (o.last != event::need_more && o.last != event::end && o.last != event::failed);
    if (o.last == event::failed) break;
    FUZZ_REQUIRE(o.last == event::end ||  // what is behind it need not be shown
                 unread.size() <= std::max(longest_line + 2, longest_delimiter));
  }
  return o;
}

void check_same(const outcome& a, const outcome& b) {
  FUZZ_REQUIRE(a.last == b.last);
  // A failure may come before or after data that are known to be such.
  if (a.last != event::failed && a.last != event::need_more) FUZZ_REQUIRE(a.parts == b.parts);
  FUZZ_REQUIRE(a.parts.size() == b.parts.size());
  for (std::size_t i = 0; i < a.parts.size(); ++i)
    FUZZ_REQUIRE(a.parts[i].headers == b.parts[i].headers);
}

// A delimiter at that place: where it ends, and whether it is the last one.
struct delimiter {
  std::size_t end = 0;
  bool last = false;
};
std::optional<delimiter> delimiter_at(std::string_view text, std::size_t at,
                                      const std::string& dashes) {
  if (text.substr(at, dashes.size()) != dashes) return std::nullopt;
  std::size_t end = at + dashes.size();
  if (text.substr(end, 2) == "--") return delimiter{end + 2, true};
  const auto padding = end;
  while (end < text.size() && (text[end] == ' ' || text[end] == '\t'))
    ++end;
  if (end - padding > 64 || text.substr(end, 2) != "\r\n") return std::nullopt;
  return delimiter{end + 2, false};
}

// All of it at once: the data are what is between the headers and the next delimiter.
std::optional<std::vector<part>> naive(std::string_view text, std::string_view boundary) {
  const auto dashes = "--" + std::string(boundary);
  std::vector<part> parts;
  std::size_t from = 0;
  for (bool preamble = true;; preamble = false) {
    std::optional<delimiter> d = delimiter_at(text, from, dashes);
    std::size_t end = from;
    for (std::size_t i = from; !d && i < text.size(); ++i) {
      if (text.substr(i, 2) != "\r\n") continue;
      d = delimiter_at(text, i + 2, dashes);
      end = i;
    }
    if (!d) return std::nullopt;
    if (!preamble) {
      parts.back().data = text.substr(from, end - from);
      parts.back().ended = true;
    }
    if (d->last) return parts;
    from = d->end;
    parts.emplace_back();
    for (;;) {
      const auto line_end = text.find("\r\n", from);
      if (line_end == text.npos) return std::nullopt;
      const auto line = text.substr(from, line_end - from);
      from = line_end + 2;
      if (line.empty()) break;
      const auto colon = line.find(':');
      if (colon == line.npos || !http::is_token(line.substr(0, colon)) ||
          !http::is_field_value(line.substr(colon + 1))) {
        return std::nullopt;
      }
      parts.back().headers.add(line.substr(0, colon), line.substr(colon + 1));
    }
  }
}

void round_trip(std::string_view text, std::size_t seed) {
  http::multipart_form form(kit::random_source{seed});
  std::vector<std::string_view> values;
  fuzz::splitter pieces(text.size(), seed);
  for (std::size_t at = 0, size = 0; (size = pieces.next()) > 0; at += size) {
    values.push_back(text.substr(at, size));
    try {
      form.add_file("f", "x", "a/b", values.back());
    } catch (const kit::error& e) {  // the fuzzer has seen the boundary
      FUZZ_REQUIRE(e == kit::errc::invalid_argument);
      return;
    }
  }
  const auto wire = form.str();
  auto left = wire.size();
  const auto o = parse(wire, http::multipart_boundary(form.content_type()).value(), {},
                       [&] { return std::exchange(left, 0); });
  if (values.size() > http::multipart_options{}.max_parts) return;
  FUZZ_REQUIRE(o.last == event::end && o.parts.size() == values.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    FUZZ_REQUIRE(o.parts[i].data == values[i]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in(data, size);
  const bool limited = in.below(2) == 1;
  http::multipart_options options{.max_parts = 1000000,
                                  .max_header_bytes = longest_line,
                                  .max_header_count = 1000,
                                  .max_preamble_bytes = 1000000};
  if (limited) {
    options = {.max_parts = in.below(4),
               .max_header_bytes = in.below(64),
               .max_header_count = in.below(4),
               .max_preamble_bytes = in.below(16)};
  }
  const auto seed = in.below(256);
  constexpr std::string_view boundaries[] = {"b", "--", "a b", "-b-"};
  const auto boundary = boundaries[in.below(4)];
  const auto wire = in.rest();
  auto left = wire.size();
  const auto whole = parse(wire, boundary, options, [&] { return std::exchange(left, 0); });
  fuzz::splitter pieces(wire.size(), seed);
  check_same(whole, parse(wire, boundary, options, [&] { return pieces.next(); }));
  left = wire.size();
  check_same(whole, parse(wire, boundary, options, [&] { return left > 0 ? (--left, 1u) : 0u; }));
  const auto expected = naive(wire, boundary);
  if (whole.last == event::end) {
    FUZZ_REQUIRE(expected && *expected == whole.parts);
  } else if (!limited && expected) {
    for (const auto& p : *expected) {  // else too large a header
      std::size_t bytes = 0;
      for (const auto& line : p.headers)
        bytes += line.name.size() + line.value.size();
      if (bytes > 50) return 0;
    }
    FUZZ_REQUIRE(whole.last == event::failed && wire.size() > longest_line);
  }
  round_trip(wire, seed);
  return 0;
}
