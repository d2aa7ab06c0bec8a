// Go kit's stringsvc1: a service is a struct of endpoints, see stringsvc.hpp, and is served as it
// is.
//   curl -d '{"s": "hello, world"}' http://127.0.0.1:8080/uppercase
#include <asio/awaitable.hpp>

#include <examples/program.hpp>
#include <examples/stringsvc.hpp>
#include <kit/runtime.hpp>
#include <transports/http/router.hpp>
#include <transports/http/serve.hpp>

namespace {

asio::awaitable<kit::http::response> healthz(kit::http::request) {
  co_return kit::http::response{};  // 200, empty
}

}  // namespace

int main(int count, char** arguments) {
  constexpr auto about = "POST /uppercase and POST /count, JSON both ways; GET /healthz.";
  return examples::run(count, arguments, {about}, [](const examples::options& options) {
    kit::http::router router;
    router.mount("/",
                 stringsvc::service{.uppercase = stringsvc::uppercase, .count = stringsvc::count});
    router.get("/healthz", healthz);

    kit::runtime rt({.threads = options.threads, .handle_signals = true});
    examples::announce(kit::http::serve(rt, router, options.http));
    return rt.run();
  });
}
