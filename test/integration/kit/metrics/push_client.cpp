// Pushes metrics to a server, and does what it reads: a line each of
//   count NAME VALUE | set NAME VALUE | observe NAME VALUE | stats
// `observe` is of seconds. Answers `stats` and its end, which comes with that of the input, with
// what was sent: SENT LOST FAILURES. usage: push_client
// statsd|dogstatsd|influxstatsd|graphite|graphite-udp ADDRESS MILLISECONDS
#include <chrono>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>

#include <unistd.h>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/buffer.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/read_until.hpp>

#include <kit/metrics/graphite.hpp>
#include <kit/metrics/statsd.hpp>
#include <kit/tcp_network.hpp>

namespace metrics = kit::metrics;

namespace {

class client {
 public:
  client(const std::string& backend, const std::string& address, metrics::push_options push)
      : network_(loop_.get_executor()) {
    if (backend == "graphite") {
      // Soon again, so that tests needn't wait.
      metrics::tcp_sender_options tcp;
      tcp.connection.backoff.initial = std::chrono::milliseconds(50);
      tcp.connection.backoff.max = std::chrono::milliseconds(200);
      exporter_ = std::make_unique<metrics::graphite_exporter>(
          registry_, metrics::tcp_sender(network_, address, tcp),
          metrics::graphite_options{.format = {.prefix = "cokit."}, .push = push});
      return;
    }
    auto udp =
        address.starts_with('/') ? metrics::unix_sender(address) : metrics::udp_sender(address);
    if (backend == "graphite-udp") {
      exporter_ = std::make_unique<metrics::graphite_exporter>(
          registry_, std::move(udp),
          metrics::graphite_options{.format = {.prefix = "cokit."}, .push = push});
      return;
    }
    const auto dialect = backend == "statsd"      ? metrics::statsd_dialect::statsd
                         : backend == "dogstatsd" ? metrics::statsd_dialect::dogstatsd
                                                  : metrics::statsd_dialect::influxstatsd;
    exporter_ = std::make_unique<metrics::statsd_exporter>(
        registry_, std::move(udp),
        metrics::statsd_options{.format = {.dialect = dialect, .prefix = "cokit."}, .push = push});
  }

  void run() {
    asio::co_spawn(loop_, exporter_->run(),
                   asio::bind_cancellation_slot(stop_.slot(), [](std::exception_ptr failure) {
                     if (failure) std::rethrow_exception(failure);
                   }));
    read();
    loop_.run();
    show();
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
    std::istringstream words(line);
    std::string what, name;
    double value = 0;
    words >> what >> name >> value;
    if (what == "count") {
      registry_.counter({.name = name}).add(value);
    } else if (what == "set") {
      registry_.gauge({.name = name}).set(value);
    } else if (what == "observe") {
      registry_
          .histogram({.name = name, .unit = "seconds", .buckets = metrics::exponential_buckets{}})
          .observe(value);
    } else {
      show();
    }
  }

  void show() {
    const auto s = exporter_->stats();
    std::cout << s.values_sent << ' ' << s.values_lost << ' ' << s.failures << std::endl;
  }

  asio::io_context loop_{1};
  kit::tcp_network network_;
  metrics::registry registry_;
  std::unique_ptr<metrics::push_exporter> exporter_;
  asio::cancellation_signal stop_;
  asio::posix::stream_descriptor input_{loop_, ::dup(STDIN_FILENO)};
  std::string text_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const std::chrono::milliseconds interval(std::stol(argv[3]));
  const auto tell = [](const kit::error& e) { std::cerr << e.message() << std::endl; };
  client(argv[1], argv[2], {.interval = interval, .on_error = tell}).run();
}
