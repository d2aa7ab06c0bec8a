#pragma once

#include <memory>
#include <string>
#include <utility>

#include "../tls/engine.hpp"
#include "../tls/site.hpp"
#include "tcp_world.hpp"

namespace test {

/// A client's end of a connection, by TLS over another one.
class tls_peer final : public http_peer {
 public:
  tls_peer(std::unique_ptr<http_peer> below, const tls_client_options& o)
      : below_(std::move(below)), engine_(o) {}

  /// Moves on what can be moved. True when the handshake is over, however.
  bool pump() {
    below_->send(engine_.to_send());
    engine_.receive(below_->take());
    below_->send(engine_.to_send());
    return engine_.connected() || !engine_.failure().empty() || below_->at_end();
  }

  void send(std::string_view bytes) override {
    engine_.write(bytes);
    below_->send(engine_.to_send());
  }
  void send_last(std::string_view bytes) override {
    engine_.write(bytes);
    engine_.end();
    below_->send_last(engine_.to_send());
  }
  std::string take() override {
    pump();
    return engine_.read();
  }
  bool at_end() override {
    return engine_.ended() || !engine_.failure().empty() || below_->at_end();
  }
  void end() override {
    engine_.end();
    below_->send(engine_.to_send());
    below_->end();
  }
  void close() override {
    engine_.end();
    below_->send(engine_.to_send());
    below_->close();
  }
  void reset() override { below_->reset(); }

  tls_engine& engine() { return engine_; }
  http_peer& below() { return *below_; }

 private:
  std::unique_ptr<http_peer> below_;
  tls_engine engine_;
};

/// The server on loopback TCP, by TLS.
class tls_world : public tcp_world {
 public:
  std::unique_ptr<http_peer> connect() override { return connect(tls_site::get().client()); }
  std::unique_ptr<tls_peer> connect(const tls_client_options& o) {
    auto peer = std::make_unique<tls_peer>(dial(), o);
    settle([&] { return peer->pump(); });
    return peer;
  }
  /// Without TLS.
  std::unique_ptr<http_peer> connect_plain() { return tcp_world::connect(); }

 protected:
  tls_world(on where, http::handler h, const http::server_options& o)
      : tcp_world(where, std::move(h), with_tls(o)) {}

 private:
  static http::server_options with_tls(http::server_options o) {
    if (!o.tls) o.tls = tls_site::get().context();
    return o;
  }
};

/// On a loop run by one thread.
class tls_loop_world final : public tls_world {
 public:
  explicit tls_loop_world(http::handler h, const http::server_options& o = {})
      : tls_world(on::loop, std::move(h), o) {}
};

/// On a strand, as where several threads run the loop.
class tls_strand_world final : public tls_world {
 public:
  explicit tls_strand_world(http::handler h, const http::server_options& o = {})
      : tls_world(on::strand, std::move(h), o) {}
};

/// A client that is played by hand, and what its TLS says.
class tls_client {
 public:
  explicit tls_client(tls_world& w, const tls_client_options& o = tls_site::get().client())
      : tls_client(w, w.connect(o)) {}

  tls_engine& tls() { return peer_.engine(); }
  http_client* operator->() { return &http_; }
  /// Below TLS.
  http_peer& below() { return peer_.below(); }

 private:
  tls_client(tls_world& w, std::unique_ptr<tls_peer> p) : peer_(*p), http_(w, std::move(p)) {}

  tls_peer& peer_;
  http_client http_;
};

}  // namespace test
