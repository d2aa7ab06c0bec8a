#include <examples/program.hpp>
#include <transports/http/router.hpp>
#include <transports/http/serve.hpp>

struct sum_request {
  double a = 0, b = 0;
};
struct sum_response {
  double v = 0;
};

asio::awaitable<sum_response> sum(sum_request r) {
  co_return sum_response{.v = r.a + r.b};
}

int main(int count, char** arguments) {
  return examples::run(count, arguments, {"POST /sum adds."}, [](const examples::options& options) {
    kit::http::router router;
    router.post("/sum", kit::endpoint(sum));
    kit::runtime rt({.threads = options.threads, .handle_signals = true});
    examples::announce(kit::http::serve(rt, router, options.http));
    return rt.run();
  });
}
