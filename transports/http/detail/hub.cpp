#include <transports/http/detail/hub.hpp>

#include <algorithm>
#include <utility>

#include <transports/http/detail/body_limit.hpp>
#include <transports/http/detail/connection.hpp>

namespace kit::http::detail {
namespace {

// As much as is busy at a time on a loop whose handlers mostly don't suspend.
constexpr std::size_t max_spare = 32;
constexpr std::size_t kept_out_capacity = 16 * 1024;

}  // namespace

hub::hub(const server_options& o, endpoint<request, response> h, context base,
         const asio::any_io_executor& ex, bool one_thread)
    : options(o),
      handler(std::move(h)),
      base_context(o.stream_request_bodies ? base.with(body_limit{o.limits.max_body_bytes})
                                           : std::move(base)),
      executor(ex),
      wheel(timer_wheel::of(ex)),
      one_thread_(one_thread) {
  spare_exchanges_.reserve(max_spare);
  spare_buffers_.reserve(max_spare);
}

hub::~hub() = default;

void hub::add(const std::shared_ptr<connection>& c) {
  const std::lock_guard lock(mutex_);
  c->place_ = connections_.size();
  connections_.push_back(c.get());
  c->handshaking_ = options.tls != nullptr;
  if (c->handshaking_) ++handshakes_;
  options.connections.open.add();
  options.connections.accepted.add();
}

void hub::remove(connection& c) noexcept {
  std::function<void()> call;
  {
    const std::lock_guard lock(mutex_);
    if (c.place_ >= connections_.size() || connections_[c.place_] != &c) return;  // never added
    connections_[c.place_] = connections_.back();
    connections_[c.place_]->place_ = c.place_;
    connections_.pop_back();
    if (c.handshaking_) --handshakes_;
    call = std::exchange(on_more_room_, nullptr);
  }
  options.connections.open.subtract();
  if (call) call();
}

std::size_t hub::size() const {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

std::size_t hub::room() const {
  const std::lock_guard lock(mutex_);
  const auto rest = [](std::size_t most, std::size_t now) { return most - std::min(most, now); };
  return std::min(rest(options.max_connections, connections_.size()),
                  rest(options.max_tls_handshakes, handshakes_));
}

void hub::handshake_ended(connection& c) noexcept {
  std::function<void()> call;
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(c.handshaking_, false)) return;
    if (handshakes_-- >= options.max_tls_handshakes) call = std::exchange(on_more_room_, nullptr);
  }
  if (call) call();
}

void hub::for_each(void (connection::*what)()) {
  std::vector<std::shared_ptr<connection>> all;
  {
    const std::lock_guard lock(mutex_);
    all.reserve(connections_.size());
    for (auto* c : connections_) {
      if (auto live = c->weak_from_this().lock()) all.push_back(std::move(live));
    }
  }
  for (const auto& c : all)
    (c.get()->*what)();
}

void hub::on_more_room(std::function<void()> call) {
  const std::lock_guard lock(mutex_);
  on_more_room_ = std::move(call);
}

std::chrono::milliseconds hub::spread(std::chrono::milliseconds span) {
  const std::lock_guard lock(mutex_);
  const auto part = random_.uniform(0.9, 1.1);
  return std::chrono::milliseconds(
      static_cast<std::int64_t>(static_cast<double>(span.count()) * part));
}

std::unique_ptr<exchange> hub::take_exchange() {
  if (!one_thread_ || spare_exchanges_.empty()) {
    return std::make_unique<exchange>(options.limits, options.stream_request_bodies);
  }
  auto last = std::move(spare_exchanges_.back());
  spare_exchanges_.pop_back();
  return last;
}

void hub::give_back(std::unique_ptr<exchange> idle) noexcept {
  if (!one_thread_ || spare_exchanges_.size() == max_spare) return;
  if (idle->out.capacity() > kept_out_capacity) std::string().swap(idle->out);
  spare_exchanges_.push_back(std::move(idle));
}

read_buffer hub::take_buffer(std::size_t size) {
  if (size != read_buffer::usual_size || spare_buffers_.empty()) {
    return {std::make_unique_for_overwrite<char[]>(size), size};
  }
  auto last = std::move(spare_buffers_.back());
  spare_buffers_.pop_back();
  return last;
}

void hub::give_back(read_buffer empty) noexcept {
  if (!one_thread_ || empty.size != read_buffer::usual_size) return;
  if (spare_buffers_.size() == max_spare) return;
  spare_buffers_.push_back(std::move(empty));
}

}  // namespace kit::http::detail
