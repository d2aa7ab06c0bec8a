#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>

#include <kit/http/body.hpp>
#include <kit/http/response.hpp>
#include <kit/otlp/http.hpp>
#include <kit/otlp/trace.hpp>
#include <kit/runtime.hpp>
#include <kit/timer.hpp>
#include <kit/tracing/batch_exporter.hpp>
#include <kit/tracing/otlp.hpp>
#include <transports/http/client.hpp>
#include <transports/http/handler.hpp>

/// A collector of spans that has its moods, and who exports to it.
namespace test {

using namespace std::chrono_literals;
namespace http = kit::http;
namespace tracing = kit::tracing;

/// Waits until that is so; false when it isn't after a long time.
inline bool until(const std::function<bool()>& done) {
  const auto end = std::chrono::steady_clock::now() + 30s;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

enum class mood {
  fine,
  hangs,    ///< doesn't answer
  busy,     ///< 503, come again in a second
  refuses,  ///< 400
  breaks,   ///< closes the connection in the middle of the answer
};

/// Threads: any.
class collector {
 public:
  collector() : state_(std::make_shared<state>()) {}

  void become(mood m) { state_->now = m; }
  int requests() const { return state_->requests; }
  /// The names of the spans that it took.
  std::set<std::string> names() const {
    const std::lock_guard lock(state_->mutex);
    return state_->names;
  }
  http::handler handler() const {
    return [s = state_](http::request req) { return serve(s, std::move(req)); };
  }

 private:
  struct state {
    std::atomic<mood> now = mood::fine;
    std::atomic<int> requests = 0;
    std::mutex mutex;
    std::set<std::string> names;
  };

  /// Half of an answer.
  struct broken_body final : http::body_source {
    asio::awaitable<std::optional<std::string>> read() override {
      if (std::exchange(begun, true)) throw kit::error(kit::errc::unavailable, "broken");
      co_return "half";
    }
    bool begun = false;
  };

  static asio::awaitable<http::response> serve(std::shared_ptr<state> s, http::request req) {
    ++s->requests;
    switch (s->now) {
      case mood::hangs:
        co_await kit::sleep_for(1h);
        break;
      case mood::busy:
        co_return http::response{.status = http::status::service_unavailable,
                                 .headers = {{"Retry-After", "1"}}};
      case mood::refuses:
        co_return http::response::text(http::status::bad_request, "no spans today");
      case mood::breaks:
        co_return http::response{.body = http::body(std::make_shared<broken_body>())};
      case mood::fine:
        break;
    }
    take(*s, req.body.bytes());
    co_return http::response();
  }

  static void take(state& s, std::string_view content) {
    using message = kit::otlp::export_trace_service_request;
    const auto read = kit::protobuf::decode<message>(content).value();
    const std::lock_guard lock(s.mutex);
    for (const auto& group : read.resource_spans)
      for (const auto& scope : group.scope_spans)
        for (const auto& span : scope.spans)
          s.names.insert(span.name);
  }

  std::shared_ptr<state> state_;
};

/// A tracer, and an exporter that runs on a thread of its own until it is stopped or destroyed.
class exporting {
 public:
  exporting(const std::string& url, tracing::batch_options o)
      : exporter(std::make_shared<tracing::batch_exporter>(
            tracing::otlp_exporter(http::client(), {.url = url}), told(std::move(o)))),
        tracer({.processors = {exporter}}) {
    runtime_.on(0, [e = exporter] { return e->run(); });
    thread_ = std::thread([this] { runtime_.run(); });
  }
  ~exporting() { stop(); }

  void stop() {
    if (!thread_.joinable()) return;
    runtime_.stop();
    thread_.join();
  }

  /// Spans that are called by numbers that no others have.
  void spans(int count) {
    for (int i = 0; i < count; ++i)
      tracer.start(std::to_string(++last_), {}).end();
  }
  std::vector<std::string> errors() const {
    const std::lock_guard lock(mutex_);
    return errors_;
  }

  const std::shared_ptr<tracing::batch_exporter> exporter;
  const tracing::tracer tracer;

 private:
  tracing::batch_options told(tracing::batch_options o) {
    o.backoff = {.initial = 20ms, .max = 50ms};
    o.on_error = [this](const kit::error& e) {
      const std::lock_guard lock(mutex_);
      errors_.emplace_back(e.message());
    };
    return o;
  }

  mutable std::mutex mutex_;
  std::vector<std::string> errors_;
  int last_ = 0;
  kit::runtime runtime_;
  std::thread thread_;
};

}  // namespace test
