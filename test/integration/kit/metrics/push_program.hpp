#pragma once

#include <exception>
#include <functional>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>

#include <unistd.h>
#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/buffer.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/read_until.hpp>

#include <kit/metrics/push.hpp>
#include <kit/metrics/registry.hpp>

namespace test {

/// A program with metrics that does what it reads: a line each of
///
///     count NAME VALUE [KIND] | set NAME VALUE [KIND] | observe NAME VALUE [KIND] | stats
///
/// `observe` is of seconds; KIND is the value of a label `kind`. Answers `stats` and its end, which
/// comes with that of the input, with what was sent: SENT LOST FAILURES.
class push_program {
 public:
  asio::io_context& loop() noexcept { return loop_; }
  kit::metrics::registry& registry() noexcept { return registry_; }

  /// `work` is an exporter's `run`.
  void run(asio::awaitable<void> work, std::function<kit::metrics::push_stats()> stats) {
    stats_ = std::move(stats);
    asio::co_spawn(loop_, std::move(work),
                   asio::bind_cancellation_slot(stop_.slot(), [](std::exception_ptr failure) {
                     if (failure) std::rethrow_exception(failure);
                   }));
    read();
    loop_.run();
    show();
  }
  void run(kit::metrics::push_exporter& exporter) {
    run(exporter.run(), [&exporter] { return exporter.stats(); });
  }

 private:
  void read() {
    asio::async_read_until(input_, asio::dynamic_buffer(text_), '\n',
                           [this](const std::error_code& ec, std::size_t size) {
                             if (ec) return stop_.emit(asio::cancellation_type::terminal);
                             obey(text_.substr(0, size));
                             text_.erase(0, size);
                             read();
                           });
  }

  void obey(const std::string& line) {
    namespace metrics = kit::metrics;
    std::istringstream words(line);
    std::string what, name, kind;
    double value = 0;
    words >> what >> name >> value;
    const bool labelled = static_cast<bool>(words >> kind);
    const metrics::description d{.name = name};
    const metrics::histogram_description h{
        .name = name, .unit = "seconds", .buckets = metrics::exponential_buckets{}};
    if (what == "count") {
      (labelled ? registry_.counter(d, {"kind"}).with(kind) : registry_.counter(d)).add(value);
    } else if (what == "set") {
      (labelled ? registry_.gauge(d, {"kind"}).with(kind) : registry_.gauge(d)).set(value);
    } else if (what == "observe") {
      (labelled ? registry_.histogram(h, {"kind"}).with(kind) : registry_.histogram(h))
          .observe(value);
    } else {
      show();
    }
  }

  void show() const {
    const auto s = stats_();
    std::cout << s.values_sent << ' ' << s.values_lost << ' ' << s.failures << std::endl;
  }

  asio::io_context loop_{1};
  kit::metrics::registry registry_;
  std::function<kit::metrics::push_stats()> stats_;
  asio::cancellation_signal stop_;
  asio::posix::stream_descriptor input_{loop_, ::dup(STDIN_FILENO)};
  std::string text_;
};

}  // namespace test
