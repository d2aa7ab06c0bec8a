// Times the HTTP/1.1 parser and the response writer, without I/O.
//   http_parser_bench [--seconds S]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <kit/http/date.hpp>
#include <transports/http/request_parser.hpp>
#include <transports/http/response_writer.hpp>

#include "bench.hpp"

namespace {

namespace http = kit::http;
using clock_type = std::chrono::steady_clock;

// What must not be optimised away ends up here.
volatile std::size_t sink;

// Runs `work` for about `seconds` and prints the best of 50 short rounds, in nanoseconds a call: a
// shared machine disturbs many of them.
template <class Work>
void measure(const char* name, double seconds, Work work) {
  std::size_t calls = 1000;
  double best = 1e9;
  for (int round = 0; round <= 50; ++round) {
    const auto start = clock_type::now();
    for (std::size_t i = 0; i < calls; ++i)
      work();
    const std::chrono::duration<double> took = clock_type::now() - start;
    const double each = took.count() / static_cast<double>(calls);
    if (round > 0 && each < best) best = each;
    calls = static_cast<std::size_t>(seconds / 50 / each) + 1;
  }
  std::printf("%-44s %8.1f ns\n", name, best * 1e9);
}

void parse_once(http::request_parser& parser, std::string_view wire) {
  const auto r = parser.parse(wire);
  if (r.state != http::parse_state::complete || r.consumed != wire.size()) std::abort();
  const http::request request = std::move(parser.message());
  sink = request.body.bytes().size() + request.headers.size();
}

constexpr std::string_view small_get =
    "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: wrk\r\n\r\n";
constexpr std::string_view small_post =
    "POST /uppercase HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Type: application/json\r\n"
    "Content-Length: 20\r\nUser-Agent: cokit-bench\r\n\r\n{\"s\":\"hello, world\"}";
constexpr std::string_view chunked_post =
    "POST /uppercase HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Type: application/json\r\n"
    "Transfer-Encoding: chunked\r\n\r\n14\r\n{\"s\":\"hello, world\"}\r\n0\r\n\r\n";
constexpr std::string_view browser_get =
    "GET /wp-content/uploads/2010/03/hello-kitty-darth-vader-pink.jpg?size=large&x=1 HTTP/1.1\r\n"
    "Host: www.kittyhell.example\r\n"
    "User-Agent: Mozilla/5.0 (Macintosh; Intel Mac OS X 10.6; rv:10.0) Gecko/20100101 "
    "Firefox/10.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Language: en-gb,en;q=0.7,de;q=0.3\r\nAccept-Encoding: gzip, deflate\r\n"
    "Accept-Charset: UTF-8,*;q=0.7\r\nConnection: keep-alive\r\n"
    "Cookie: wp_ozh_wsa_visits=2; wp_ozh_wsa_visit_lasttime=1692931024; "
    "__utma=xxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.x\r\n\r\n";

void parser_benches(double seconds) {
  http::request_parser parser;
  const auto whole = [&](const char* name, std::string_view wire) {
    measure(name, seconds, [&] { parse_once(parser, wire); });
  };
  whole("parse GET, 2 fields, 66 bytes", small_get);
  whole("parse POST, 4 fields, 155 bytes", small_post);
  whole("parse chunked POST, 3 fields", chunked_post);
  whole("parse browser GET, 8 fields, 650 bytes", browser_get);
  measure("parse POST, a byte at a time", seconds, [&] {
    std::size_t at = 0;
    for (std::size_t end = 1; end <= small_post.size(); ++end) {
      at += parser.parse(small_post.substr(at, end - at)).consumed;
    }
    sink = parser.message().body.bytes().size();
  });
}

void writer_benches(double seconds) {
  std::string out;
  const auto date = http::format_date({});
  http::response_context context;
  context.date = http::to_view(date);
  const auto ready = http::response::json(http::status::ok, "{\"v\":\"HELLO, WORLD\"}");
  measure("write JSON response", seconds, [&] {
    out.clear();
    sink = static_cast<std::size_t>(append_response(out, ready, context).keep_alive) + out.size();
  });
  measure("make and write JSON response", seconds, [&] {
    out.clear();
    const auto made = http::response::json(http::status::ok, "{\"v\":\"HELLO, WORLD\"}");
    sink = static_cast<std::size_t>(append_response(out, made, context).keep_alive) + out.size();
  });
  const http::response missing{http::status::not_found, {}, {}, {}};
  measure("write 404 without content", seconds, [&] {
    out.clear();
    sink = static_cast<std::size_t>(append_response(out, missing, context).keep_alive) + out.size();
  });
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = bench::seconds_option(argc, argv, 0.5);
  std::printf("sizes: request %zu, response %zu, headers %zu, body %zu, parser %zu bytes\n",
              sizeof(http::request), sizeof(http::response), sizeof(http::headers),
              sizeof(http::body), sizeof(http::request_parser));
  parser_benches(seconds);
  writer_benches(seconds);
}
