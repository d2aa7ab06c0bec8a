#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <kit/error.hpp>
#include <kit/http/body.hpp>
#include <kit/monitor.hpp>

#include <transports/http/server.hpp>

namespace test {

namespace http = kit::http;

/// A streamed body whose chunks the test gives.
class played_source final : public http::body_source {
 public:
  explicit played_source(std::optional<std::uint64_t> size = std::nullopt) : size_(size) {}

  void give(std::string chunk) {
    const auto lock = changed_.lock();
    chunks_.push_back(std::move(chunk));
    changed_.notify_all();
  }
  void end(http::headers trailers = {}) {
    const auto lock = changed_.lock();
    trailers_ = std::move(trailers);
    ended_ = true;
    changed_.notify_all();
  }
  void fail() {
    const auto lock = changed_.lock();
    failed_ = true;
    changed_.notify_all();
  }

  asio::awaitable<std::optional<std::string>> read() override {
    ++reads;
    for (auto lock = changed_.lock();; lock = changed_.lock()) {
      if (failed_) throw kit::error(kit::errc::data_loss, "it broke");
      if (!chunks_.empty()) {
        auto next = std::move(chunks_.front());
        chunks_.pop_front();
        co_return next;
      }
      if (ended_) co_return std::nullopt;
      if (co_await changed_.wait(std::move(lock)) == kit::wake::cancelled) {
        cancelled = true;
        throw kit::error(kit::errc::canceled);
      }
    }
  }
  std::optional<std::uint64_t> size() const noexcept override { return size_; }
  const http::headers& trailers() const noexcept override { return trailers_; }

  int reads = 0;
  bool cancelled = false;

 private:
  kit::monitor changed_;
  std::deque<std::string> chunks_;
  std::optional<std::uint64_t> size_;
  http::headers trailers_;
  bool ended_ = false, failed_ = false;
};

/// Answers every request with one stream.
struct streaming {
  std::shared_ptr<played_source> source;
  static constexpr long unused = 2;  // its use count while no answer has it

  explicit streaming(std::optional<std::uint64_t> size = std::nullopt)
      : source(std::make_shared<played_source>(size)) {}

  http::handler handler() {
    return [s = source](http::request r) { return answer(s, std::move(r)); };
  }
  static asio::awaitable<http::response> answer(std::shared_ptr<played_source> s, http::request r) {
    if (r.path() != "/stream") co_return http::response::text(http::status::ok, r.target);
    co_return http::response{.body = http::body(s)};
  }
};

}  // namespace test
