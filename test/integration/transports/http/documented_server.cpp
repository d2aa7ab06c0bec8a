// A server of everything that documents and content codings have to do with; documents_test.py
// talks to it. Ends on SIGTERM.
#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <asio/awaitable.hpp>

#include <kit/endpoint.hpp>
#include <kit/runtime.hpp>
#include <kit/timer.hpp>
#include <transports/http/cors.hpp>
#include <transports/http/health.hpp>
#include <transports/http/openapi.hpp>
#include <transports/http/security_headers.hpp>
#include <transports/http/serve.hpp>
#ifdef COKIT_HAVE_COMPRESSION
#include <transports/http/compression.hpp>
#endif

namespace http = kit::http;
using namespace std::chrono_literals;

enum class color { red, green, blue };

struct leaf {
  std::string name;
  std::vector<leaf> leaves;
  std::unique_ptr<leaf> next;
};
struct everything {
  bool flag = true;
  std::int8_t tiny = -128;
  std::uint8_t small = 255;
  std::int32_t number = -7;
  std::uint32_t natural = 7;
  std::int64_t large = std::int64_t{1} << 62;
  std::uint64_t larger = std::uint64_t{1} << 63;
  float real = 1.5F;
  double precise = 2.25;
  std::string text = "text";
  color hue = color::green;
  std::optional<int> some = 1;
  std::optional<color> none;
  std::vector<std::string> list = {"a", "b"};
  std::deque<double> queue = {1, 2};
  std::set<int> unique = {1, 2};
  std::array<int, 3> three = {1, 2, 3};
  std::pair<int, std::string> two = {1, "b"};
  std::map<std::string, int> by_name = {{"a", 1}};
  std::map<int, bool> by_number = {{-1, true}};
  std::map<color, std::string> by_color = {{color::blue, "sky"}};
  std::variant<std::int64_t, std::string, leaf> one_of = std::string("text");
  std::variant<std::monostate, leaf> maybe;
  std::chrono::milliseconds span = 1500ms;
  std::chrono::system_clock::time_point when{std::chrono::seconds(1'700'000'000)};
  std::vector<std::byte> bytes = {std::byte{1}, std::byte{2}};
  std::array<std::byte, 2> fixed{};
  kit::json::raw any = *kit::json::raw::parse(R"({"x":[1,null]})");
  leaf tree = {"root", {}, nullptr};
};
struct item {
  std::string id;
  double price = 0;
};
struct find_request {
  std::string id;
  std::optional<color> hue;
  std::vector<int> size;
  std::chrono::seconds within = 0s;
  std::uint8_t page = 0;
};
struct shop {
  kit::endpoint<everything, everything> mirror;
  kit::endpoint<kit::empty, everything> example;
  kit::endpoint<std::vector<item>, std::map<std::string, item>> index;
};

// [comments]
template <>
struct kit::reflect_traits<item> {
  static constexpr std::string_view comment = "Something to be sold, \"as seen\".";
  static constexpr auto fields =
      kit::fields(kit::field<&item::id>().required().comment("its number"),
                  kit::field<&item::price>().comment("in euros"));
};
// [end]
template <>
struct kit::reflect_traits<shop> {
  static constexpr std::string_view comment = "All that there is.";
  static constexpr auto fields = kit::fields(
      kit::field<&shop::mirror>().comment("Gives back what it gets.\nUnchanged, that is."));
};

namespace {

asio::awaitable<everything> mirror(everything e) {
  co_return std::move(e);
}
asio::awaitable<everything> example(kit::empty) {
  co_return everything{};
}
asio::awaitable<std::map<std::string, item>> list_by_id(std::vector<item> items) {
  std::map<std::string, item> all;
  for (auto& i : items)
    all[i.id] = i;
  co_return all;
}
asio::awaitable<std::vector<item>> find(find_request r) {
  co_return std::vector<item>{{r.id, 1}};
}
asio::awaitable<http::response> echo(http::request req) {
  co_await req.body.buffer(100'000'000);
  co_return http::response::text(http::status::ok, req.body.take());
}

// Three events, one each tenth of a second.
class events final : public http::body_source {
 public:
  asio::awaitable<std::optional<std::string>> read() override {
    if (sent_ == 3) co_return std::nullopt;
    if (sent_++ > 0) co_await kit::sleep_for(100ms);
    co_return "data: " + std::to_string(sent_) + "\n\n";
  }

 private:
  int sent_ = 0;
};
asio::awaitable<http::response> stream(http::request) {
  co_return http::response::text(http::status::ok, http::body(std::make_shared<events>()),
                                 "text/event-stream");
}

}  // namespace

int main() {
  http::router router;
  http::health health;
  router.use(http::security_headers(), http::cors({.origins = {"https://app.example"}}));
#ifdef COKIT_HAVE_COMPRESSION
  router.use(http::compress(), http::decompress({.max_bytes = 100'000}));
#endif
  router.mount("/shop", shop{mirror, example, list_by_id});
  auto items = router.group("/items");
  items.get("/{id}", kit::endpoint(find)).del("/{id}", kit::endpoint(find));
  items.put("/{id}", kit::endpoint(find)).any("/any/{id}", kit::endpoint(find));
  router.post("/files/{path...}", &echo).post("/echo", &echo).get("/events", &stream);
  router.openapi("/openapi.json", {.title = "Shop",
                                   .version = "1.0.0",
                                   .summary = "A shop",
                                   .contact = {"us", "https://example.com", "us@example.com"},
                                   .license = {.name = "MIT", .identifier = "MIT"},
                                   .servers = {{"/", "here"}},
                                   .comments = {{"GET /items/{id}", "Finds one."}}});
  health.mount(router);

  kit::runtime rt({.handle_signals = true});
  std::cout << http::serve(rt, router, {.on_drain = health.on_drain(), .drain_delay = 300ms})
            << std::endl;
  return rt.run();
}
