#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <kit/result.hpp>
#include <kit/timer.hpp>
#include <transports/http/detail/exchange_metrics.hpp>

namespace kit::http::detail {

/// One exchange on its way into the metrics: from the request to the end of the answer; once
/// destroyed before, one that was canceled.
class measured_exchange {
 public:
  measured_exchange(std::shared_ptr<exchange_metrics> to, timer_wheel& wheel, const request& req);
  measured_exchange(measured_exchange&&) noexcept = default;
  measured_exchange& operator=(measured_exchange&&) = delete;
  ~measured_exchange();

  /// At a server: sees which route it is, or where a router will say so.
  void watch_route(request& req);
  /// At a client: whom the URL is for.
  void call(std::string server) noexcept { server_ = std::move(server); }

  /// Counts it with that: now, or where the answer is a stream, with that.
  result<response> finish(result<response> r) &&;

 private:
  struct watcher;
  void end(std::uint16_t s, errc failure, std::optional<std::uint64_t> bytes) noexcept;

  std::shared_ptr<exchange_metrics> to_;  // null: counted
  timer_wheel* wheel_;
  time_point started_;
  http::method method_;
  std::optional<std::uint64_t> request_bytes_;
  bool serves_ = false;
  std::string_view route_;
  std::shared_ptr<const std::string_view> route_note_;
  std::string server_;
};

}  // namespace kit::http::detail
