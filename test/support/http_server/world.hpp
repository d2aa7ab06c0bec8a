#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

#include <kit/context.hpp>
#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>
#include <transports/http/server.hpp>

#include "../http_wire.hpp"

// What the tests of the HTTP server run in: a server and clients on one loop with a manual clock,
// over one network or another. The same test cases run over each.
namespace test {

namespace http = kit::http;
using namespace std::chrono_literals;

/// A client's end of a connection.
class http_peer {
 public:
  virtual ~http_peer() = default;
  virtual void send(std::string_view bytes) = 0;
  /// Sends, and ends the sending side, before the server sees any of it.
  virtual void send_last(std::string_view bytes) = 0;
  /// What has come.
  virtual std::string take() = 0;
  /// Whether the server's end has come, or a reset. After `take`.
  virtual bool at_end() = 0;
  /// Ends the sending side.
  virtual void end() = 0;
  virtual void close() = 0;
  virtual void reset() = 0;
};

class http_world {
 public:
  virtual ~http_world() = default;

  kit::testing::loop loop;
  kit::cancel_source source;  // of the context of run
  std::unique_ptr<http::server> server;
  std::optional<kit::testing::started<void>> running;  // server->run()

  virtual std::unique_ptr<http_peer> connect() = 0;
  /// Runs the loop until that is so, or nothing more will happen.
  virtual bool settle(const std::function<bool()>& done) = 0;
  /// Runs the loop until nothing more happens.
  virtual void run() {
    settle([] { return false; });
  }
  void advance(kit::duration span) {
    run();
    loop.advance(span);
    run();
  }
  bool ended() {
    return settle([&] { return running->done(); });
  }

 protected:
  void start() {
    running =
        loop.start_on(kit::bind_context(loop.get_executor(), source.context()), server->run());
  }
};

/// A client that is played by hand.
class http_client {
 public:
  explicit http_client(http_world& w) : http_client(w, w.connect()) {}
  http_client(http_world& w, std::unique_ptr<http_peer> peer) : world_(w), peer_(std::move(peer)) {}

  http_client& send(std::string_view bytes) {
    peer_->send(bytes);
    return *this;
  }
  http_client& send_last(std::string_view bytes) {
    peer_->send_last(bytes);
    return *this;
  }
  http_client& get(std::string_view target, std::string_view fields = "") {
    return send("GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) +
                "\r\n");
  }
  http_client& post(std::string_view target, std::string_view body) {
    return send("POST " + std::string(target) + " HTTP/1.1\r\nHost: a\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
  }

  /// The next answer; one of status 0 when none comes.
  http_answer answer(bool to_head = false) {
    std::optional<http_answer> a;
    world_.settle([&] {
      read();
      return (a = wire_.next(to_head)) || peer_->at_end();
    });
    return a.value_or(http_answer{});
  }
  /// Whether no part of an answer comes, and the connection stays open.
  bool waits() {
    world_.run();
    read();
    return wire_.unread().empty() && !peer_->at_end();
  }
  /// Whether the connection ends without a further byte.
  bool closed() {
    return world_.settle([&] {
      read();
      return peer_->at_end();
    }) && wire_.unread().empty();
  }
  /// What has come and is no complete answer.
  std::string rest() {
    world_.run();
    read();
    return wire_.unread();
  }

  void end() { peer_->end(); }
  void close() { peer_->close(); }
  void reset() { peer_->reset(); }

 private:
  void read() {
    wire_.feed(peer_->take());
    if (peer_->at_end()) wire_.end();
  }

  http_world& world_;
  std::unique_ptr<http_peer> peer_;
  http_wire wire_;
};

}  // namespace test
