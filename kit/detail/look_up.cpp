#include <kit/detail/look_up.hpp>

#include <memory>
#include <string>
#include <utility>

#include <asio/error.hpp>
#include <asio/ip/basic_resolver.hpp>
#include <asio/ip/tcp.hpp>

#include <kit/monitor.hpp>

namespace kit::detail {
namespace {

using resolver = asio::ip::basic_resolver<asio::ip::tcp, asio::any_io_executor>;

// The system's look-up blocks a thread and can't be called off. Shared with it, so that who waits
// can go.
struct question {
  explicit question(const asio::any_io_executor& ex) : system(ex) {}

  static asio::awaitable<addresses> ask(std::shared_ptr<question> self, host_port where) {
    self->system.async_resolve(
        where.host, std::to_string(where.port),
        [self](const std::error_code& ec, const resolver::results_type& found) {
          const auto lock = self->guard.lock();
          self->done = true;
          self->answer.error = ec;
          for (const auto& entry : found)
            self->answer.found.push_back(entry.endpoint().address());
          self->guard.notify_all();
        });
    auto lock = self->guard.lock();
    while (!self->done) {
      if (co_await self->guard.wait(std::move(lock)) == wake::cancelled) {
        co_return addresses{asio::error::operation_aborted, {}};
      }
      lock = self->guard.lock();
    }
    co_return self->answer;
  }

  resolver system;
  monitor guard;
  bool done = false;
  addresses answer;
};

}  // namespace

asio::awaitable<addresses> look_up(asio::any_io_executor ex, host_port where) {
  addresses known;
  if (where.host == "localhost") {
    for (const char* loopback : {"127.0.0.1", "::1"})
      known.found.push_back(asio::ip::make_address(loopback));
    co_return known;
  }
  std::error_code not_numeric;
  const auto numeric = asio::ip::make_address(where.host, not_numeric);
  if (not_numeric) co_return co_await question::ask(std::make_shared<question>(ex), where);
  known.found.push_back(numeric);
  co_return known;
}

}  // namespace kit::detail
