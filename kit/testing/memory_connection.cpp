#include <kit/testing/memory_connection.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

#include <asio/error.hpp>

#include <kit/error.hpp>

namespace kit::testing {
namespace {

// All of `data` but its first `skip` bytes, up to `most`.
std::string gather(std::span<const asio::const_buffer> data, std::size_t skip, std::size_t most) {
  std::string bytes;
  for (const auto& b : data) {
    const auto passed = std::min(skip, b.size());
    skip -= passed;
    const auto size = std::min(b.size() - passed, most - bytes.size());
    bytes.append(static_cast<const char*>(b.data()) + passed, size);
  }
  return bytes;
}

}  // namespace

duration simulation::delay(const link_options& link) {
  if (link.max_delay == link.min_delay) return link.min_delay;
  const auto range = static_cast<std::uint64_t>((link.max_delay - link.min_delay).count());
  return link.min_delay + duration(static_cast<duration::rep>(random.below(range + 1)));
}

std::size_t simulation::piece(const link_options& link, std::size_t available, std::size_t most) {
  auto size = std::min(available, most);
  if (link.random_sizes) {
    const auto bound = std::min<std::size_t>(most, 1000);
    size = std::min<std::size_t>(size, 1 + random.below(bound));
  }
  return size;
}

void require_valid(const link_options& o) {
  const auto require = [](bool fine, const char* what) {
    if (!fine) throw error(errc::invalid_argument, std::string("link_options: ") + what);
  };
  require(o.min_delay >= duration::zero(), "min_delay is negative");
  require(o.max_delay >= o.min_delay, "max_delay is below min_delay");
  require(o.buffer > 0, "buffer is 0");
  require(o.max_read > 0, "max_read is 0");
  require(o.max_write > 0, "max_write is 0");
  require(o.loss >= 0 && o.loss <= 1, "loss is not a probability");
}

memory_connection::memory_connection(std::shared_ptr<simulation> sim, link_options link,
                                     std::array<std::string, 2> addresses)
    : sim_(std::move(sim)), link_(link), addresses_(std::move(addresses)) {}

void memory_connection::changed(direction& d) {
  const auto lock = d.changed.lock();
  d.changed.notify_all();
}

memory_connection::attempt memory_connection::read_now(int i, asio::mutable_buffer into) {
  auto& d = to(i);
  if (d.reader_closed) return {{asio::error::bad_descriptor, 0}};
  if (broken_) return {{broken_, 0}};
  if (into.size() == 0) return {};
  std::size_t most = sim_->piece(link_, into.size(), link_.max_read), size = 0;
  while (!held_ && size < most && !d.segments.empty() && d.segments.front().arrives <= now()) {
    auto& s = d.segments.front();
    const auto n = std::min(most - size, s.bytes.size() - s.taken);
    std::memcpy(static_cast<char*>(into.data()) + size, s.bytes.data() + s.taken, n);
    size += n;
    s.taken += n;
    if (s.taken == s.bytes.size()) d.segments.pop_front();
  }
  if (size > 0) {
    d.queued -= size;
    changed(d);  // there is room
    return {{{}, size}};
  }
  if (held_) return {{}, true};
  if (!d.segments.empty()) return {{}, true, d.segments.front().arrives};
  if (!d.end_arrives) return {{}, true};
  if (*d.end_arrives > now()) return {{}, true, *d.end_arrives};
  return {{asio::error::eof, 0}};
}

memory_connection::attempt memory_connection::write_now(int i,
                                                        std::span<const asio::const_buffer> data,
                                                        std::size_t skip) {
  auto& d = from(i);
  if (d.sender == sending::closed) return {{asio::error::bad_descriptor, 0}};
  if (broken_) return {{broken_, 0}};
  if (d.sender == sending::shut) return {{asio::error::broken_pipe, 0}};
  if (d.refusal_arrives && *d.refusal_arrives <= now() && !held_) {
    return {{asio::error::broken_pipe, 0}};
  }
  const auto size = asio::buffer_size(data) - skip;
  if (size == 0) return {};
  const auto room = link_.buffer - d.queued;
  if (room == 0) return {{}, true, d.refusal_arrives.value_or(time_point::max())};
  if (sim_->chance(link_.loss)) {
    reset();
    return {{broken_, 0}};
  }
  auto bytes = gather(data, skip, sim_->piece(link_, std::min(size, room), link_.max_write));
  const auto sent = bytes.size();
  send(d, std::move(bytes));
  return {{{}, sent}};
}

time_point memory_connection::arrival(direction& d, std::size_t size) {
  auto start = now();
  if (link_.bytes_per_second > 0) {
    const auto seconds = static_cast<double>(size) / static_cast<double>(link_.bytes_per_second);
    d.wire_free = std::max(d.wire_free, start) +
                  std::chrono::round<duration>(std::chrono::duration<double>(seconds));
    start = d.wire_free;
  }
  d.last_arrival = std::max(d.last_arrival, saturating_add(start, sim_->delay(link_)));
  return d.last_arrival;
}

void memory_connection::send(direction& d, std::string bytes) {
  if (d.refusal_arrives) return;  // nobody reads it any more
  d.queued += bytes.size();
  const auto arrives = arrival(d, bytes.size());
  d.segments.push_back({std::move(bytes), 0, arrives});
  if (d.forgotten && !held_) return reset();
  changed(d);
}

asio::awaitable<io_result> memory_connection::read_some(std::shared_ptr<memory_connection> self,
                                                        int i, asio::mutable_buffer into) {
  if (const auto fault = self->sim_->step()) {
    self->reset();
    co_return io_result{fault, 0};
  }
  auto& d = self->to(i);
  for (;;) {
    const auto step = self->read_now(i, into);
    if (!step.wait) co_return step.result;
    const auto w = co_await d.changed.wait(d.changed.lock(), step.until);
    if (w == wake::cancelled || d.reader_closed) {
      co_return io_result{asio::error::operation_aborted, 0};
    }
  }
}

asio::awaitable<io_result> memory_connection::write(std::shared_ptr<memory_connection> self, int i,
                                                    std::span<const asio::const_buffer> data) {
  if (const auto fault = self->sim_->step()) {
    self->reset();
    co_return io_result{fault, 0};
  }
  auto& d = self->from(i);
  io_result all;
  for (;;) {
    const auto step = self->write_now(i, data, all.size);
    all.size += step.result.size;
    all.error = step.result.error;
    if (all.error || all.size == asio::buffer_size(data)) co_return all;
    if (!step.wait) continue;
    const auto w = co_await d.changed.wait(d.changed.lock(), step.until);
    if (w == wake::cancelled || d.sender == sending::closed) {
      co_return io_result{asio::error::operation_aborted, all.size};
    }
  }
}

io_result memory_connection::try_write(int i, std::span<const asio::const_buffer> data) {
  if (const auto fault = sim_->step()) {
    reset();
    return {fault, 0};
  }
  return put(i, data);
}

io_result memory_connection::put(int i, std::span<const asio::const_buffer> data) {
  return write_now(i, data, 0).result;
}

io_result memory_connection::take(int i, asio::mutable_buffer into) {
  return read_now(i, into).result;
}

std::error_code memory_connection::shutdown_send(int i) {
  auto& d = from(i);
  if (broken_ || d.sender == sending::closed) return asio::error::not_connected;
  if (d.sender == sending::shut) return {};
  d.sender = sending::shut;
  d.end_arrives = arrival(d, 0);
  changed(d);
  return {};
}

void memory_connection::close(int i) {
  auto& out = from(i);
  auto& in = to(i);
  if (out.sender == sending::closed) return;
  if (out.sender == sending::open && !broken_) out.end_arrives = arrival(out, 0);
  out.sender = sending::closed;
  in.reader_closed = true;
  in.refusal_arrives = arrival(out, 0);
  in.segments.clear();
  in.queued = 0;
  changed(in);
  changed(out);
}

bool memory_connection::is_open(int i) const {
  return from(i).sender != sending::closed;
}

bool memory_connection::at_end(int i) const {
  const auto& d = to(i);
  return !held_ && d.segments.empty() && d.end_arrives && *d.end_arrives <= now();
}

void memory_connection::reset() {
  if (broken_) return;
  broken_ = asio::error::connection_reset;
  for (auto& d : directions_) {
    d.segments.clear();
    d.queued = 0;
    changed(d);
  }
}

void memory_connection::vanish(int i) {
  from(i).sender = sending::closed;
  to(i).reader_closed = true;
  changed(from(i));
  changed(to(i));
}

void memory_connection::hold(bool stopped) {
  held_ = stopped;
  for (auto& d : directions_)
    changed(d);
  const auto answered = [](const direction& d) { return d.forgotten && d.queued > 0; };
  if (!held_ && std::ranges::any_of(directions_, answered)) reset();
}

void memory_connection::forgotten(int i) {
  auto& d = to(i);
  d.forgotten = true;
  if (d.queued > 0 && !held_) reset();
}

}  // namespace kit::testing
