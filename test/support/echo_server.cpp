// Answers every request with what it saw of it, as a JSON object: the application of the HTTP/1.1
// corpus (test/data/README.md), over the public interface of the server.
#include <charconv>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <kit/http/syntax.hpp>
#include <kit/network.hpp>
#include <transports/http/server.hpp>

namespace {

namespace http = kit::http;

void append_string(std::string& out, std::string_view text) {
  out += '"';
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      (out += '\\') += c;
    } else if (byte >= 0x20 && byte < 0x7f) {
      out += c;
    } else {  // bytes above ASCII as if they were Latin-1
      constexpr std::string_view hex = "0123456789abcdef";
      ((out += "\\u00") += hex[byte >> 4]) += hex[byte & 15];
    }
  }
  out += '"';
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += i + k <= bytes.size() ? alphabet[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return out;
}

// Lower-case names in their order; the values of a name that repeats, joined.
std::vector<std::pair<std::string, std::string>> joined(const http::headers& fields) {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& item : fields) {
    std::string name;
    for (char c : item.name)
      name += http::to_lower(c);
    auto same = all.begin();
    while (same != all.end() && same->first != name)
      ++same;
    if (same == all.end()) {
      all.emplace_back(std::move(name), item.value);
    } else {
      (same->second += ", ") += item.value;
    }
  }
  return all;
}

asio::awaitable<http::response> echo(http::request req) {
  std::string json = R"({"method":)";
  append_string(json, req.method.name());
  append_string(json += R"(,"target":)", req.target);
  json += R"(,"headers":{)";
  const char* separator = "";
  for (const auto& [name, value] : joined(req.headers)) {
    append_string(json += std::exchange(separator, ","), name);
    append_string(json += ':', value);
  }
  append_string(json += R"(},"body":)", base64(req.body.bytes()));
  co_return http::response::json(http::status::ok, json += '}');
}

http::server_options parse_arguments(int count, char** arguments) {
  if (count == 3 && std::string_view(arguments[1]) == "--listen") {
    const auto where = kit::parse_address(arguments[2]);
    if (where && !where->host.empty()) return {.address = where->host, .port = where->port};
  }
  throw std::invalid_argument("usage: echo_server --listen HOST:PORT");
}

}  // namespace

int main(int count, char** arguments) try {
  asio::io_context loop(1);
  http::server server(loop.get_executor(), echo, parse_arguments(count, arguments));
  std::printf("listening on %s\n", server.local_address().c_str());
  std::fflush(stdout);

  asio::signal_set signals(loop, SIGINT, SIGTERM);
  signals.async_wait([&server](const std::error_code& failed, int) {
    if (!failed) server.stop();
  });
  std::exception_ptr failure;
  asio::co_spawn(loop, server.run(), [&](std::exception_ptr e) {
    failure = e;
    signals.cancel();
  });
  loop.run();
  if (failure) std::rethrow_exception(failure);
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
