#include <kit/testing/memory_stream.hpp>

#include <array>

#include <asio/error.hpp>

#include <kit/error.hpp>
#include <kit/testing/memory_connection.hpp>

namespace kit::testing {

memory_stream::memory_stream(asio::any_io_executor ex,
                             std::shared_ptr<memory_connection> connection, int side)
    : executor_(std::move(ex)), connection_(std::move(connection)), side_(side) {}

memory_stream::~memory_stream() {
  connection_->close(side_);
}

asio::awaitable<io_result> memory_stream::read_some(asio::mutable_buffer into) {
  return memory_connection::read_some(connection_, side_, into);
}

asio::awaitable<io_result> memory_stream::write(std::span<const asio::const_buffer> data) {
  return memory_connection::write(connection_, side_, data);
}

io_result memory_stream::try_write(std::span<const asio::const_buffer> data) noexcept {
  return connection_->try_write(side_, data);
}

std::error_code memory_stream::shutdown_send() noexcept {
  return connection_->shutdown_send(side_);
}
void memory_stream::close() noexcept {
  connection_->close(side_);
}
bool memory_stream::is_open() const noexcept {
  return connection_->is_open(side_);
}
std::string memory_stream::local_address() const {
  return connection_->address(side_);
}
std::string memory_stream::remote_address() const {
  return connection_->address(1 - side_);
}

void memory_stream::put(std::string_view text) {
  while (!text.empty()) {
    const asio::const_buffer data(text.data(), text.size());
    auto r = connection_->put(side_, std::span(&data, 1));
    if (!r.error && r.size == 0) r.error = asio::error::no_buffer_space;
    if (r.error) throw std::system_error(r.error, "memory_stream::put");
    text.remove_prefix(r.size);
  }
}

std::string memory_stream::take() {
  std::string all;
  char piece[4096];
  for (;;) {
    const auto r = connection_->take(side_, asio::buffer(piece));
    if (r.size == 0) return all;
    all.append(piece, r.size);
  }
}

bool memory_stream::at_end() const {
  return connection_->at_end(side_);
}
void memory_stream::reset() noexcept {
  connection_->reset();
}
void memory_stream::vanish() noexcept {
  connection_->vanish(side_);
}
void memory_stream::hold(bool stopped) noexcept {
  connection_->hold(stopped);
}

memory_stream_pair make_memory_streams(asio::any_io_executor ex, link_options options,
                                       random_source random, io_faults* faults) {
  require_valid(options);
  auto sim = std::make_shared<simulation>(timer_wheel::of(ex), random, faults);
  auto connection = std::make_shared<memory_connection>(
      std::move(sim), options, std::array<std::string, 2>{"memory:1", "memory:2"});
  return {std::make_unique<memory_stream>(ex, connection, 0),
          std::make_unique<memory_stream>(ex, connection, 1)};
}

}  // namespace kit::testing
