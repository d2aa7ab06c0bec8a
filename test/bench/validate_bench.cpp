// What it costs to check a request by its constraints, and what `validate` adds to a call.
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <kit/constraints.hpp>
#include <kit/constraints/pattern.hpp>
#include <middleware/validate.hpp>

#include "measure.hpp"

namespace {

struct line {
  std::string sku;
  int count = 1;
  double price = 1;
};
struct order {
  std::string id;
  std::string email;
  int priority = 1;
  std::vector<line> lines;
};
struct coded {
  std::string sku;
};
struct response {
  std::int64_t v = 0;
};

}  // namespace

template <>
struct kit::constraints<line> {
  static constexpr auto fields = kit::constrain(
      kit::field<&line::sku>(kit::length(1, 64)), kit::field<&line::count>(kit::range(1, 100)),
      kit::field<&line::price>(kit::above(0.0), kit::multiple_of(0.01)));
};
template <>
struct kit::constraints<order> {
  static constexpr auto fields = kit::constrain(kit::field<&order::id>(kit::length(1, 36)),
                                                kit::field<&order::email>(kit::length(3, 254)),
                                                kit::field<&order::priority>(kit::range(1, 5)),
                                                kit::field<&order::lines>(kit::items(1, 100)));
};
template <>
struct kit::constraints<response> {
  static constexpr auto fields = kit::constrain(kit::field<&response::v>(kit::at_least(0)));
};
template <>
struct kit::constraints<coded> {
  static constexpr auto fields =
      kit::constrain(kit::field<&coded::sku>(kit::pattern("[A-Z]{2,4}-[0-9]{1,12}")));
};

namespace {

volatile std::uint64_t sink = 0;

order make_order(std::size_t lines) {
  return {"order-4711", "somebody@example.com", 2,
          std::vector<line>(lines, line{"TEA-0001", 3, 19.99})};
}

using line_endpoint = kit::endpoint<line, response>;

asio::awaitable<response> handle(line l) {
  co_return response{l.count};
}

asio::awaitable<void> call(line_endpoint ep, int n, line l) {
  for (int i = 0; i < n; ++i) {
    const auto r = co_await ep.try_call(l);
    sink = sink + (r ? 1U : 0U);
  }
}

void print_calls(const char* name, const line_endpoint& ep, const line& l) {
  bench::print(name, bench::median_of_rounds(100'000, [&](int n) {
                 asio::io_context loop(1);
                 asio::co_spawn(loop, call(ep, n, l), [](const std::exception_ptr&) {});
                 loop.run();
               }));
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = bench::seconds_option(argc, argv, 0.5);
  const auto check = [&](const char* name, const auto& value) {
    bench::measure(name, seconds, 0, [&] { sink = sink + kit::check(value).size(); });
  };
  check("check an order of 1 line, 8 constraints", make_order(1));
  check("check an order of 10 lines, 44 constraints", make_order(10));
  check("check a pattern of 13 characters", coded{"TEA-123456789"});
  auto wrong = make_order(1);
  wrong.lines[0].count = 0;
  check("check an order with one violation", wrong);
  const line_endpoint bare(handle);
  const line right{"TEA-0001", 3, 19.99};
  print_calls("call", bare, right);
  print_calls("call through validate", kit::middleware::validate()(bare), right);
  print_calls("call through validate, of the response, too",
              kit::middleware::validate({.responses = true})(bare), right);
  print_calls("call through validate, refused", kit::middleware::validate()(bare),
              line{"TEA-0001", 0, 19.99});
}
