#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include <kit/error.hpp>
#include <kit/http/body.hpp>

namespace kit::http::detail {

/// Streamed content on its way, with somebody who is told, once, when it is over: how many bytes
/// were read, and what failed; `canceled` where nobody read on.
///
/// `Watcher` has `void ended(std::uint64_t bytes, std::optional<error> failure) noexcept`.
template <class Watcher>
class watched_body final : public body_source {
 public:
  watched_body(body inner, Watcher watcher)
      : watcher_(std::move(watcher)), inner_(std::move(inner)), size_(inner_.size()) {}
  ~watched_body() override {
    if (as_file_) bytes_ = size_.value_or(0);
    const bool all = as_file_ || bytes_ == size_;  // nobody reads on, to see the end
    end(all ? std::nullopt : std::optional<error>(errc::canceled));
  }

  asio::awaitable<std::optional<std::string>> read() override {
    as_file_ = false;
    try {
      auto chunk = co_await inner_.read();
      if (chunk) {
        bytes_ += chunk->size();
      } else {
        end(std::nullopt);
      }
      co_return chunk;
    } catch (...) {
      end(to_error(std::current_exception()));
      throw;
    }
  }
  std::optional<std::uint64_t> size() const noexcept override { return inner_.size(); }
  const headers& trailers() const noexcept override { return inner_.trailers(); }
  bool endless() const noexcept override { return inner_.source()->endless(); }
  /// Who takes the file doesn't read: it is taken to be sent.
  std::optional<file_region> file() const noexcept override {
    auto region = inner_.source()->file();
    as_file_ = region.has_value();
    return region;
  }

 private:
  void end(std::optional<error> failure) noexcept {
    if (!std::exchange(ended_, true)) watcher_.ended(bytes_, std::move(failure));
  }

  Watcher watcher_;
  body inner_;
  const std::optional<std::uint64_t> size_;
  std::uint64_t bytes_ = 0;
  mutable bool as_file_ = false;
  bool ended_ = false;
};

}  // namespace kit::http::detail
