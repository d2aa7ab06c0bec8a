// A program outside Cokit's tree that serves with an installed Cokit and calls itself by its
// client. It answers 0 when all is well.
#include <iostream>
#include <string>
#include <utility>

#include <asio/awaitable.hpp>

#include <kit/endpoint.hpp>
#include <kit/runtime.hpp>
#include <kit/service.hpp>
#include <transports/http/client.hpp>
#include <transports/http/client_of.hpp>
#include <transports/http/router.hpp>
#include <transports/http/serve.hpp>

struct sum_request {
  int a = 0, b = 0;
};
struct sum_response {
  int v = 0;
};
struct add_service {
  kit::endpoint<sum_request, sum_response> sum;
};

asio::awaitable<sum_response> sum(sum_request r) {
  co_return sum_response{r.a + r.b};
}

asio::awaitable<void> ask(std::string url, int& answer, kit::runtime& rt) {
  const auto add = kit::http::client_of<add_service>(kit::http::client(), std::move(url));
  answer = (co_await add.sum(sum_request{1, 2})).v;
  rt.stop();
}

int main() {
  int answer = 0;
  kit::http::router router;
  router.mount("/", add_service{.sum = sum});
  kit::runtime rt;
  const auto address = kit::http::serve(rt, router);
  rt.on(0, [&] { return ask("http://" + address, answer, rt); });
  rt.run();
  if (answer == 3) return 0;
  std::cerr << "the answer: " << answer << '\n';
  return 1;
}
