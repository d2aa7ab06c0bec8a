#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <kit/clock.hpp>
#include <kit/context.hpp>
#include <kit/http/date.hpp>
#include <kit/http/method.hpp>
#include <kit/http/response.hpp>
#include <kit/http/version.hpp>
#include <kit/parked.hpp>
#include <kit/result.hpp>
#include <transports/http/detail/request_notes.hpp>
#include <transports/http/detail/request_stream.hpp>
#include <transports/http/request_parser.hpp>
#include <transports/http/response_writer.hpp>

namespace kit::http::detail {

/// The text of the `Date` field, made once a second.
class date_clock {
 public:
  std::string_view at(time_point now) noexcept {
    if (now >= next_ || now + std::chrono::seconds(1) < next_) update(now);
    return to_view(text_);
  }

 private:
  void update(time_point now) noexcept {
    const auto wall = std::chrono::system_clock::now();
    const auto second = std::chrono::floor<std::chrono::seconds>(wall);
    text_ = format_date(second);
    next_ = now + std::chrono::duration_cast<duration>(second + std::chrono::seconds(1) - wall);
  }

  date_text text_{};
  time_point next_ = time_point::min();
};

/// What a connection holds only while a request or an answer is on its way.
struct exchange {
  exchange(const parser_options& limits, bool streaming) : parser(limits, streaming) {}

  request_parser parser;
  parse_state parsed = parse_state::complete;  // nothing of the next request was taken yet
  time_point body_start;

  // The request that runs.
  std::optional<cancel_source> context;
  http::method::id method = http::method::get;
  http::version version = version::http_1_1;
  std::optional<result<response>> answer;
  std::exception_ptr broken;  // why a streamed answer broke off
  kit::parked writer;         // the job, waiting for all to be sent
  time_point gone_deadline = time_point::max();
  time_point caller_deadline = time_point::max();  // as the caller says
  std::uint64_t streamed_bytes = 0;                // of the answer's content, so far
  std::unique_ptr<request_notes> notes;            // for the access log; none where there is none

  // Its content, where that is streamed and may still be read.
  std::shared_ptr<request_stream> content;
  time_point wanted_since;                          // the handler waits for content
  duration waited{};                                // so far
  time_point content_deadline = time_point::max();  // for the present wait
  std::string direct;                               // is read into where it needs no parsing
  std::uint64_t skip_left = 0;  // the request is over, and of the rest that much may be thrown away

  // An answer without end: what makes it runs in this context.
  std::optional<cancel_source> endless;
  bool ended = false;                         // by a drain
  body_framing framing = body_framing::none;  // of a streamed answer

  std::string out;      // to be sent next
  std::string tail;     // to be sent after that: large content that need not be copied into it
  file_region file;     // or this
  std::string sending;  // what a write is at
  std::size_t sent = 0;
  bool sends_file = false;  // the write is of that
  time_point write_deadline = time_point::max();

  date_clock date;
};

}  // namespace kit::http::detail
