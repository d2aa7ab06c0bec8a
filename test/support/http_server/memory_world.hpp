#pragma once

#include <memory>
#include <string>
#include <utility>

#include <kit/testing/memory_network.hpp>

#include "world.hpp"

namespace test {

/// The server on the in-memory network.
class memory_world final : public http_world {
 public:
  explicit memory_world(http::handler h, http::server_options o = {},
                        kit::testing::link_options link = {.buffer = 4 << 20})
      : network(loop.get_executor(), kit::random_source(1), link) {
    o.address = "server";
    o.port = 80;
    server = std::make_unique<http::server>(loop.get_executor(), std::move(h), o,
                                            network.host("server"));
    start();
  }

  kit::testing::memory_network network;

  std::unique_ptr<http_peer> connect() override {
    auto connected = loop.start(network.host("client").connect("server:80"));
    REQUIRE_MESSAGE(connected.value(), connected.value().error.message());
    auto& stream = dynamic_cast<kit::testing::memory_stream&>(*connected.value().stream);
    static_cast<void>(connected.value().stream.release());
    return std::make_unique<peer>(&stream);
  }
  bool settle(const std::function<bool()>& done) override {
    for (int round = 0; round < 32; ++round) {  // reading makes room for more
      loop.run();
      if (done()) return true;
    }
    return false;
  }

 private:
  class peer final : public http_peer {
   public:
    explicit peer(kit::testing::memory_stream* s) : stream_(s) {}
    void send(std::string_view bytes) override {
      try {
        stream_->put(bytes);
      } catch (const std::system_error&) {  // the server has closed
        refused_ = true;
      }
    }
    void send_last(std::string_view bytes) override {
      send(bytes);
      end();
    }
    std::string take() override {
      try {
        return stream_->take();
      } catch (const std::system_error&) {
        refused_ = true;
        return {};
      }
    }
    bool at_end() override { return refused_ || stream_->at_end(); }
    void end() override { stream_->shutdown_send(); }
    void close() override { stream_->close(); }
    void reset() override { stream_->reset(); }

   private:
    std::unique_ptr<kit::testing::memory_stream> stream_;
    bool refused_ = false;
  };
};

}  // namespace test
