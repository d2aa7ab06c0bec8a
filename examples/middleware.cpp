// Middleware: what is done around each endpoint of a service, whatever its type.
//   curl -d '{"ms": 100}' http://127.0.0.1:8080/nap     and the same with 1000: a timeout
#include <algorithm>
#include <chrono>
#include <utility>

#include <asio/awaitable.hpp>

#include <examples/program.hpp>
#include <kit/endpoint.hpp>
#include <kit/interceptor.hpp>
#include <kit/log/logger.hpp>
#include <kit/log/sinks.hpp>
#include <kit/runtime.hpp>
#include <kit/service.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>
#include <transports/http/router.hpp>
#include <transports/http/serve.hpp>

using namespace std::chrono_literals;

// [middleware]
// An interceptor never suspends: `chain` and `wrap` fuse neighbouring ones into one coroutine
// frame.
struct log_calls {
  kit::log::logger log;

  void leave(kit::call& c) noexcept {
    log.info("", "method", c.name(), "code", c.outcome().code(), "took", c.elapsed());
  }
};

// Any other middleware maps an endpoint to an endpoint. What it returns forwards to a coroutine
// that takes all it needs by value: so the frame keeps it alive.
struct time_limit {
  std::chrono::milliseconds limit;

  template <class Req, class Resp>
  kit::endpoint<Req, Resp> operator()(kit::endpoint<Req, Resp> next) const {
    return [limit = limit, next](Req r) { return call(limit, next, std::move(r)); };
  }

 private:
  template <class Req, class Resp>
  static asio::awaitable<kit::result<Resp>> call(std::chrono::milliseconds limit,
                                                 kit::endpoint<Req, Resp> next, Req r) {
    co_return co_await kit::with_timeout(limit, next.try_call(std::move(r)));
  }
};
// [end]

struct nap_request {
  int ms = 0;
};
struct nap_response {
  int slept_ms = 0;
};
struct nap_service {
  kit::endpoint<nap_request, nap_response> nap;
};

asio::awaitable<nap_response> nap(nap_request r) {
  co_await kit::sleep_for(std::chrono::milliseconds(std::clamp(r.ms, 0, 60'000)));
  co_return nap_response{.slept_ms = r.ms};
}

int main(int count, char** arguments) {
  constexpr auto about = "POST /nap takes a nap of at most half a second.";
  return examples::run(count, arguments, {about}, [](const examples::options& options) {
    const kit::log::logger log({.sink = kit::log::stderr_sink()});
    const auto service = kit::wrap(nap_service{.nap = nap}, log_calls{log},
                                   time_limit{500ms});  // first is outermost
    kit::http::router router;
    router.mount("/", service);

    kit::runtime rt({.threads = options.threads, .handle_signals = true});
    examples::announce(kit::http::serve(rt, router, options.http));
    return rt.run();
  });
}
