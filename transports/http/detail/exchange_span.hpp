#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <kit/result.hpp>
#include <kit/tracing/span.hpp>
#include <transports/http/span_convention.hpp>

namespace kit::http::detail {

/// The span of one exchange, from its start to the end of the answer; once destroyed before, that
/// of one that was canceled.
class exchange_span {
 public:
  using end_function = void (*)(const tracing::span&, const method&, const exchange_end&);

  exchange_span(tracing::span s, end_function end, const method& m)
      : span_(std::move(s)), end_(end), method_(m) {}
  exchange_span(exchange_span&&) noexcept = default;
  exchange_span& operator=(exchange_span&&) = delete;
  ~exchange_span();

  /// At a server: sees which route it is, or where a router will say so.
  void watch_route(request& req);

  /// Ends it with that: now, or where the answer is a stream, with that.
  result<response> finish(result<response> r) &&;

 private:
  struct watcher;
  void end(std::optional<http::status> s, std::optional<std::uint64_t> bytes,
           const error* failure) noexcept;

  tracing::span span_;
  end_function end_;
  method method_;
  bool serves_ = false;
  std::string_view route_;
  std::shared_ptr<const std::string_view> route_note_;
};

}  // namespace kit::http::detail
