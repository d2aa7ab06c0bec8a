#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kit/connection.hpp>
#include <kit/testing/loop.hpp>
#include <kit/testing/memory_network.hpp>

namespace connections {

// A machine "web" with a connection to "db:80", where something may listen.
struct fleet {
  explicit fleet(kit::testing::link_options link = {})
      : net(loop.get_executor(), kit::random_source(1), link) {}

  void listen() { acceptor = net.host("db").listen(":80"); }

  void connect(kit::connection_options options = {}) {
    net.host("db");
    options.on_error = [this](const std::error_code& ec) { errors.push_back(ec); };
    conn.emplace(loop.get_executor(), net.host("web"), "db:80", kit::random_source(1),
                 std::move(options));
  }
  // The server's end of the next connection.
  std::unique_ptr<kit::stream> accept() {
    auto accepting = loop.start(acceptor->accept());
    REQUIRE(accepting.done());
    return std::move(accepting.value().stream);
  }
  kit::connection::lease take() { return loop.start(conn->take()).value(); }
  kit::testing::started<kit::io_result> write(std::string_view text) {
    return loop.start(conn->write(asio::buffer(text)));
  }
  std::string read(kit::stream& from) { return loop.start(read_piece(from)).value(); }

  static asio::awaitable<std::string> read_piece(kit::stream& from) {
    std::string piece(100'000, '\0');
    const auto r = co_await from.read_some(asio::buffer(piece));
    piece.resize(r.size);
    co_return piece;
  }

  kit::testing::loop loop;
  kit::testing::memory_network net;
  std::unique_ptr<kit::acceptor> acceptor;
  std::vector<std::error_code> errors;
  std::optional<kit::connection> conn;
};

}  // namespace connections
