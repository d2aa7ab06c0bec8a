// Go kit's stringsvc1: a service is a struct of endpoints; its requests and responses are structs.
//   curl -d '{"s": "hello, world"}' http://127.0.0.1:8080/uppercase
#include <algorithm>
#include <cstddef>
#include <string>

#include <asio/awaitable.hpp>

#include <examples/program.hpp>
#include <kit/endpoint.hpp>
#include <kit/reflect.hpp>
#include <kit/runtime.hpp>
#include <transports/http/router.hpp>
#include <transports/http/serve.hpp>

namespace stringsvc {

struct uppercase_request {
  std::string s;
};
struct uppercase_response {
  std::string v;
  std::string err;  // of the business: status 200 all the same
};
struct count_request {
  std::string s;
};
struct count_response {
  std::size_t v = 0;  // bytes
};

struct service {
  kit::endpoint<uppercase_request, uppercase_response> uppercase;
  kit::endpoint<count_request, count_response> count;
};

asio::awaitable<uppercase_response> uppercase(uppercase_request r) {
  if (r.s.empty()) co_return uppercase_response{.v = "", .err = "empty string"};
  std::transform(r.s.begin(), r.s.end(), r.s.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  co_return uppercase_response{.v = std::move(r.s), .err = ""};
}

asio::awaitable<count_response> count(count_request r) {
  co_return count_response{.v = r.s.size()};
}

asio::awaitable<kit::http::response> healthz(kit::http::request) {
  co_return kit::http::response{};  // 200, empty
}

}  // namespace stringsvc

template <>
struct kit::reflect_traits<stringsvc::uppercase_response> {
  static constexpr auto fields =
      kit::fields(kit::field<&stringsvc::uppercase_response::err>().omit_empty());
};

int main(int count, char** arguments) {
  constexpr auto about = "POST /uppercase and POST /count, JSON both ways; GET /healthz.";
  return examples::run(count, arguments, about, [](const examples::options& options) {
    kit::http::router router;
    router.mount("/",
                 stringsvc::service{.uppercase = stringsvc::uppercase, .count = stringsvc::count});
    router.get("/healthz", stringsvc::healthz);

    kit::runtime rt({.threads = options.threads, .handle_signals = true});
    examples::announce(kit::http::serve(rt, router, options.http));
    return rt.run();
  });
}
