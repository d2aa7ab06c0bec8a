#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/basic_stream_socket.hpp>
#include <asio/buffer.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/socket_base.hpp>
#include <asio/strand.hpp>

#include "world.hpp"

namespace test {

/// The server on loopback TCP, or on the Unix socket that its options name.
class tcp_world : public http_world {
 public:
  std::unique_ptr<http_peer> connect() override {
    auto connected = dial();
    loop.run();
    return connected;
  }
  /// The same without running the loop.
  std::unique_ptr<http_peer> dial() {
    socket s(outside_);
    if (const auto at = server->local_address(); at.starts_with("unix:")) {
      s.connect(asio::local::stream_protocol::endpoint(at.substr(5)));
    } else {
      s.connect(asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), server->port()));
      s.set_option(asio::ip::tcp::no_delay(true));
    }
    s.non_blocking(true);
    return std::make_unique<peer>(*this, std::move(s));
  }
  // What the kernel is given on one side mostly is there on the other at once, but need not be, on
  // a busy machine. So what is expected gets a second to begin; that nothing comes is believed
  // sooner.
  bool settle(const std::function<bool()>& done) override { return settle(done, 1s); }
  void run() override {
    settle([] { return false; }, 1ms);
  }

 protected:
  enum class on { loop, strand };
  tcp_world(on where, http::handler h, const http::server_options& o) {
    asio::any_io_executor ex = loop.get_executor();
    if (where == on::strand) ex = asio::make_strand(ex);
    server = std::make_unique<http::server>(ex, std::move(h), o);
    start();
  }

 private:
  using socket = asio::generic::stream_protocol::socket;

  bool settle(const std::function<bool()>& done, std::chrono::milliseconds patience) {
    using clock = std::chrono::steady_clock;
    for (auto quiet_since = clock::now(); clock::now() - quiet_since < patience;) {
      loop.run();
      if (done()) return true;
      if (loop.context().run_one_for(250us) > 0) quiet_since = clock::now();
    }
    return false;
  }

  class peer final : public http_peer {
   public:
    peer(tcp_world& w, socket s) : world_(w), socket_(std::move(s)) {}
    void send(std::string_view bytes) override {
      while (!bytes.empty() && !refused_) {
        std::error_code failed;
        bytes.remove_prefix(socket_.write_some(asio::buffer(bytes), failed));
        if (failed && failed != asio::error::would_block) refused_ = true;
        world_.loop.run();
      }
    }
    void send_last(std::string_view bytes) override {
      REQUIRE(socket_.write_some(asio::buffer(bytes)) == bytes.size());
      end();
    }
    std::string take() override {
      std::string all;
      char bytes[65'536];
      for (std::error_code failed; !failed && !ended_;) {
        all.append(bytes, socket_.read_some(asio::buffer(bytes), failed));
        ended_ = failed && failed != asio::error::would_block;
      }
      return all;
    }
    bool at_end() override { return ended_; }
    void end() override { socket_.shutdown(socket::shutdown_send); }
    void close() override { socket_.close(); }
    void reset() override {
      socket_.set_option(asio::socket_base::linger(true, 0));
      socket_.close();
    }

   private:
    tcp_world& world_;
    socket socket_;
    bool refused_ = false;
    bool ended_ = false;
  };

  asio::io_context outside_;
};

/// On a loop run by one thread.
class loop_world final : public tcp_world {
 public:
  explicit loop_world(http::handler h, const http::server_options& o = {})
      : tcp_world(on::loop, std::move(h), o) {}
};

/// On a strand, as where several threads run the loop.
class strand_world final : public tcp_world {
 public:
  explicit strand_world(http::handler h, const http::server_options& o = {})
      : tcp_world(on::strand, std::move(h), o) {}
};

}  // namespace test
