// A service outside Cokit's tree that uses an installed Cokit. It asks itself, and answers 0 when
// all is well.
#include <iostream>
#include <string>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/this_coro.hpp>

#include <kit/endpoint.hpp>
#include <kit/interceptor.hpp>
#include <kit/runtime.hpp>
#include <kit/service.hpp>
#include <kit/tcp_network.hpp>
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

struct count_calls {
  int* calls;
  void leave(kit::call&) noexcept { ++*calls; }
};

asio::awaitable<sum_response> sum(sum_request r) {
  co_return sum_response{r.a + r.b};
}

// Until the server closes.
asio::awaitable<void> ask(std::string address, std::string& answer, kit::runtime& rt) {
  kit::tcp_network network(co_await asio::this_coro::executor);
  const auto connected = co_await network.connect(std::move(address));
  const std::string request =
      "POST /sum HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 15\r\n\r\n{\"a\": "
      "1,\"b\": 2}";
  co_await kit::write(*connected.stream, asio::buffer(request));
  char bytes[512];
  while (const auto got = co_await connected.stream->read_some(asio::buffer(bytes)))
    answer.append(bytes, got.size);
  rt.stop();
}

int main() {
  int calls = 0;
  std::string answer;
  kit::http::router router;
  router.mount("/", kit::wrap(add_service{.sum = sum}, count_calls{&calls}));
  kit::runtime rt;
  const auto address = kit::http::serve(rt, router);
  rt.on(0, [&] { return ask(address, answer, rt); });
  rt.run();
  if (answer.ends_with("\r\n\r\n{\"v\":3}\n") && calls == 1) return 0;
  std::cerr << calls << " calls, the answer: " << answer << '\n';
  return 1;
}
