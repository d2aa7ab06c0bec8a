// How a connection writes, and how it ends.
#include <utility>

#include <transports/http/detail/connection.hpp>

namespace kit::http::detail {
namespace {

constexpr std::chrono::milliseconds linger_time{1'000};
// Of a buffer that was sent; more is freed at once.
constexpr std::size_t kept_capacity = 256 * 1024;

}  // namespace

// True when all is out; false when the rest follows by itself, or the connection is closed.
bool connection::flush() {
  if (writing_ || phase_ == phase::closed) return false;
  if (!exchange_) return true;
  auto& now = *exchange_;
  while (!now.out.empty()) {
    const auto r = try_write(now.out);
    if (r.error) {
      close();
      return false;
    }
    if (r.size < now.out.size()) {
      now.sending = std::exchange(now.out, {});
      now.sent = r.size;
      write_rest();
      return false;
    }
    now.out.clear();
    now.out.swap(now.tail);
  }
  return now.file.size == 0 ? all_out() : flush_file();
}

// The same of a file, behind all else.
bool connection::flush_file() {
  auto& now = *exchange_;
  while (now.file.size > 0) {
    const auto r = try_send_file(now.file);
    if (r.error) {
      close(true);  // only the end can tell the client
      return false;
    }
    if (r.size == 0) {
      now.sends_file = true;
      write_rest();
      return false;
    }
    now.file.offset += r.size;
    now.file.size -= r.size;
  }
  return all_out();
}

bool connection::all_out() {
  if (exchange_->notes) log_sent();
  return true;
}

void connection::write_rest() {
  auto& now = *exchange_;
  writing_ = true;
  now.write_deadline = in(hub_->options.write_timeout);
  watch();
  if (now.sends_file) return start_send_file(now.file);
  start_write(std::string_view(now.sending).substr(now.sent));
}

void connection::on_written(const std::error_code& failed, std::size_t size) {
  writing_ = false;
  if (phase_ == phase::closed) return;
  now_ = hub_->wheel.now();
  auto& now = *exchange_;
  if (failed) return close();
  if (std::exchange(now.sends_file, false)) {
    now.file.offset += size;
    now.file.size -= size;
  } else {
    now.sent += size;
    if (now.sent < now.sending.size()) return write_rest();
  }
  now.write_deadline = time_point::max();
  if (now.out.empty() && now.tail.empty() && now.sending.capacity() <= kept_capacity) {
    now.sending.clear();
    now.out.swap(now.sending);  // for the next chunk
  } else {
    std::string().swap(now.sending);
  }
  if (!flush()) return;
  if (now.writer) {
    now.writer.resume();
  } else {
    pump();
  }
}

// Else the job's frame, which the exchange holds, would hold the connection that holds it.
void connection::on_write_lost() noexcept {
  if (exchange_) exchange_->writer.drop();
}

// All is said.
void connection::end() {
  const bool sends_more = !eof_ && (may_send_more_ || in_begin_ < in_end_);
  if (sends_more || !say_end()) {
    linger();
  } else {
    close();
  }
}

// RFC 9112 9.6: closing while the client still sends would reset the connection, and the client
// might lose the answer.
void connection::linger() {
  shutdown_send();
  enter(phase::lingering, now_ + linger_time);
  in_begin_ = in_end_ = 0;
  read();
}

void connection::close(bool reset) {
  if (phase_ == phase::closed) return;
  phase_ = phase::closed;
  timer_.disarm();
  close_io(reset);
  log_lost();
  if (has_request_) cancel_request(errc::canceled);
  if (exchange_ && exchange_->content) {
    fail_content(error(errc::canceled, "the client has gone away"));
  }
  if (exchange_ && exchange_->writer) exchange_->writer.resume();
}

}  // namespace kit::http::detail
