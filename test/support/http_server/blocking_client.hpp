#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include "../http_wire.hpp"

namespace test {

/// A client for a thread of its own. Errors: throws `std::system_error` when it cannot connect.
class blocking_client {
 public:
  explicit blocking_client(std::uint16_t port) : socket_(context_) {
    socket_.connect({asio::ip::make_address("127.0.0.1"), port});
    socket_.set_option(asio::ip::tcp::no_delay(true));
  }

  /// False when the connection has broken.
  bool send(std::string_view bytes) {
    std::error_code failed;
    asio::write(socket_, asio::buffer(bytes), failed);
    return !failed;
  }
  /// Nothing when the connection ends first.
  std::optional<http_answer> answer() {
    for (;;) {
      if (auto a = wire_.next()) return a;
      if (ended_) return std::nullopt;
      char bytes[16'384];
      std::error_code failed;
      const auto size = socket_.read_some(asio::buffer(bytes), failed);
      wire_.feed({bytes, size});
      ended_ = static_cast<bool>(failed);
      if (failed == asio::error::eof) wire_.end();
    }
  }
  void reset() {
    socket_.set_option(asio::socket_base::linger(true, 0));
    socket_.close();
  }
  void close() { socket_.close(); }

 private:
  asio::io_context context_;
  asio::ip::tcp::socket socket_;
  http_wire wire_;
  bool ended_ = false;
};

}  // namespace test
