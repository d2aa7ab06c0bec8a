#include <kit/testing/recording_sender.hpp>

#include <utility>

#include <asio/error.hpp>

namespace kit::testing {

std::string recording_sender::take() {
  std::string all;
  for (const auto& one : std::exchange(sent_, {}))
    all += one;
  return all;
}

asio::awaitable<std::error_code> recording_sender::open() {
  open_ = !open_error_;
  co_return open_error_;
}

asio::awaitable<io_result> recording_sender::send(asio::const_buffer data) {
  if (!open_) co_return io_result{asio::error::not_connected, 0};
  const std::string_view text(static_cast<const char*>(data.data()), data.size());
  const auto r = answer_ ? answer_(text) : io_result{{}, text.size()};
  if (r.size > 0) sent_.emplace_back(text.substr(0, r.size));
  co_return r;
}

asio::awaitable<void> recording_sender::close() {
  open_ = false;
  return []() -> asio::awaitable<void> { co_return; }();
}

}  // namespace kit::testing
