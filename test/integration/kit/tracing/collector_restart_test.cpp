// Runs collectors in processes of their own, and kills them.
#include <csignal>
#include <cstdint>
#include <set>
#include <string>
#include <system_error>
#include <thread>

#include <doctest/doctest.h>

#include <transports/http/serve.hpp>

#include "collector.hpp"
#include "test/support/process.hpp"

using namespace std::chrono_literals;
namespace http = kit::http;
using test::until;

namespace {

// Tells the five digits of its port, and then the first character of each span's name, before it
// answers.
asio::awaitable<http::response> take(test::process::teller tell, http::request req) {
  using message = kit::otlp::export_trace_service_request;
  const auto read = kit::protobuf::decode<message>(req.body.bytes()).value();
  for (const auto& span : read.resource_spans.at(0).scope_spans.at(0).spans)
    tell(span.name.at(0));
  co_return http::response();
}

int collect(std::uint16_t port, test::process::teller tell) {
  kit::runtime rt;
  std::string address;
  for (;;) {
    try {
      address = http::serve(
          rt, http::handler([tell](http::request r) { return take(tell, std::move(r)); }),
          {.port = port});
      break;
    } catch (const std::system_error&) {  // another one is listening there
      std::this_thread::sleep_for(5ms);
    }
  }
  const auto digits = address.substr(address.rfind(':') + 1);
  for (const char c : std::string(5 - digits.size(), '0') + digits)
    tell(c);
  return rt.run();
}

void record(test::exporting& e, char first, char last) {
  for (char c = first; c <= last; ++c)
    e.tracer.start(std::string(1, c), {}).end();
}

std::set<char> set_of(const std::string& text) {
  return {text.begin(), text.end()};
}

}  // namespace

TEST_CASE("batch_exporter: loses nothing while its collector is killed, and another one started") {
  test::process first([](test::process::teller tell) { return collect(0, tell); });
  const auto port = static_cast<std::uint16_t>(std::stoi(first.told(5)));
  test::process second([port](test::process::teller tell) { return collect(port, tell); });

  test::exporting e("http://127.0.0.1:" + std::to_string(port) + "/v1/traces",
                    {.max_batch = 10, .max_delay = 1h, .max_attempts = 10'000});
  record(e, 'a', 'j');
  CHECK(set_of(first.told(10)) == set_of("abcdefghij"));
  REQUIRE(until([&] { return e.exporter->exported() == 10; }));
  first.send(SIGKILL);
  CHECK(first.wait() == -SIGKILL);
  record(e, 'k', 't');
  CHECK(std::stoi(second.told(5)) == port);
  CHECK(set_of(second.told(10)) == set_of("klmnopqrst"));
  REQUIRE(until([&] { return e.exporter->exported() == 20; }));
  second.send(SIGKILL);
  second.wait();
  record(e, 'u', 'z');
  e.stop();  // nobody is there any more
  CHECK(e.exporter->exported() == 20);
  CHECK(e.exporter->dropped() == 6);
}
