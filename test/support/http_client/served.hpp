#pragma once

#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <kit/runtime.hpp>
#include <transports/http/serve.hpp>

namespace test {

/// A server of Cokit's on a thread of its own, for the client to call.
class served {
 public:
  /// `what`: a handler or a router.
  template <class What>
  explicit served(What what, kit::http::server_options options = {})
      : secure_(options.tls != nullptr),
        address_(kit::http::serve(runtime_, std::move(what), std::move(options))),
        thread_([this] { runtime_.run(); }) {}
  ~served() {
    runtime_.stop();
    thread_.join();
  }

  const std::string& address() const { return address_; }
  std::string url(std::string_view target = "/") const { return of(address_, target); }
  /// By that name instead of the address.
  std::string url_at(std::string_view host, std::string_view target = "/") const {
    return of(std::string(host) + address_.substr(address_.rfind(':')), target);
  }

 private:
  std::string of(const std::string& authority, std::string_view target) const {
    return (secure_ ? "https://" : "http://") + authority + std::string(target);
  }

  kit::runtime runtime_;
  const bool secure_;
  const std::string address_;
  std::thread thread_;
};

}  // namespace test
