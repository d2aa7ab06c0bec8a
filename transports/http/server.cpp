#include <transports/http/server.hpp>

#include <charconv>
#include <utility>

#include <asio/cancellation_state.hpp>
#include <asio/this_coro.hpp>

#include <kit/job.hpp>
#include <kit/monitor.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>
#include <transports/http/detail/hub.hpp>
#include <transports/http/detail/listener.hpp>

namespace kit::http {
namespace {

// Out of descriptors or memory: wait for some to be freed.
constexpr std::chrono::milliseconds accept_pause{20};

}  // namespace

class server::impl final : public std::enable_shared_from_this<impl>, private kit::job {
 public:
  enum class level : std::uint8_t { running, stopping, cancelling };

  impl(const asio::any_io_executor& ex, handler h, const server_options& o,
       std::unique_ptr<detail::listener> listener)
      : executor_(ex),
        handler_(std::move(h)),
        options_(o),
        listener_(std::move(listener)),
        address_(listener_->local_address()) {}

  const std::string& address() const noexcept { return address_; }
  std::size_t connections() const {
    const auto lock = changes_.lock();
    return hub_ ? hub_->size() : 0;
  }

  asio::awaitable<void> serve();

  void ask(level what) {
    const auto lock = changes_.lock();
    if (asked_ >= what) return;
    asked_ = what;
    changes_.notify_all();
  }

  void abandon() {
    ask(level::cancelling);
    if (!hub_) return;
    hub_->start_draining();
    hub_->for_each(&detail::connection_base::abort);
  }

 private:
  // The job accepts connections, until cancelled.
  asio::awaitable<void> run() override;
  void done(std::exception_ptr failure) noexcept override;
  asio::awaitable<bool> wait_for_room();

  asio::awaitable<void> wait_until_asked();
  asio::awaitable<void> drain();
  asio::awaitable<void> wait_empty(std::chrono::milliseconds limit, level cut_by);
  void notify_when_left();

  const asio::any_io_executor executor_;
  const handler handler_;
  const server_options options_;
  const std::unique_ptr<detail::listener> listener_;
  const std::string address_;
  std::shared_ptr<detail::hub> hub_;

  kit::monitor changes_;  // of the members below, and of the number of connections
  level asked_ = level::running;
  bool accepting_ = false;
};

// --- accepting

asio::awaitable<void> server::impl::run() {
  while (co_await wait_for_room()) {
    const auto failed = co_await listener_->accept(hub_);
    if (failed == asio::error::operation_aborted) co_return;
    if (failed) co_await sleep_for(accept_pause);
  }
}

void server::impl::done(std::exception_ptr) noexcept {
  const auto lock = changes_.lock();
  accepting_ = false;
  changes_.notify_all();
}

// False when cancelled.
asio::awaitable<bool> server::impl::wait_for_room() {
  while (hub_->size() >= options_.max_connections) {
    auto lock = changes_.lock();
    notify_when_left();
    if (hub_->size() < options_.max_connections) break;
    if (co_await changes_.wait(std::move(lock)) == kit::wake::cancelled) co_return false;
  }
  co_return true;
}

void server::impl::notify_when_left() {
  hub_->on_next_left([weak = weak_from_this()] {
    if (const auto self = weak.lock()) {
      const auto lock = self->changes_.lock();
      self->changes_.notify_all();
    }
  });
}

// --- the life of the server

// Its own cancellation only asks it to stop: from then on it must go on undisturbed.
asio::awaitable<void> server::impl::serve() {
  const auto ctx = co_await this_context();
  {
    const auto lock = changes_.lock();
    if (hub_) throw error(errc::failed_precondition, "http::server::run: called twice");
    hub_ = std::make_shared<detail::hub>(options_, handler_, ctx.without_cancel(),
                                         timer_wheel::of(executor_));
    accepting_ = true;
  }
  const cancel_source accepting(hub_->base_context);
  kit::launch(executor_, accepting.context(), *this);
  const bool throwing = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await wait_until_asked();
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  accepting.cancel();
  co_await drain();
  co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
  co_await asio::this_coro::throw_if_cancelled(throwing);
}

asio::awaitable<void> server::impl::wait_until_asked() {
  for (;;) {
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_return;
    auto lock = changes_.lock();
    if (asked_ != level::running || !accepting_) co_return;
    co_await changes_.wait(std::move(lock));
  }
}

asio::awaitable<void> server::impl::drain() {
  hub_->start_draining();
  for (auto lock = changes_.lock(); accepting_; lock = changes_.lock()) {
    co_await changes_.wait(std::move(lock));
  }
  while (listener_->accept_ready(hub_)) {
  }
  listener_->close();
  hub_->for_each(&detail::connection_base::drain);
  co_await wait_empty(options_.drain_timeout, level::cancelling);
  hub_->for_each(&detail::connection_base::cancel);
  co_await wait_empty(options_.cancel_grace, level::running);
  hub_->for_each(&detail::connection_base::abort);
}

// Waits until the last connection has gone, for at most that long; `cut_by` ends the wait.
asio::awaitable<void> server::impl::wait_empty(std::chrono::milliseconds limit, level cut_by) {
  const auto until = hub_->wheel.now() + limit;
  while (hub_->size() > 0 && hub_->wheel.now() < until) {
    auto lock = changes_.lock();
    if (cut_by != level::running && asked_ >= cut_by) co_return;
    notify_when_left();
    if (hub_->size() == 0) co_return;
    co_await changes_.wait(std::move(lock), until);
  }
}

// --- server

server::server(const asio::any_io_executor& ex, handler h, const server_options& options) {
  validate(options);
  impl_ = std::make_shared<impl>(ex, std::move(h), options, detail::listen_tcp(ex, options));
}

server::server(const asio::any_io_executor& ex, handler h, const server_options& options,
               kit::network& network) {
  validate(options);
  impl_ = std::make_shared<impl>(ex, std::move(h), options, detail::listen_on(network, options));
}

server::~server() {
  impl_->abandon();
}

std::string server::local_address() const {
  return impl_->address();
}

std::uint16_t server::port() const {
  const auto& address = impl_->address();
  std::uint16_t port = 0;
  std::from_chars(address.data() + address.rfind(':') + 1, address.data() + address.size(), port);
  return port;
}

std::size_t server::connections() const {
  return impl_->connections();
}

asio::awaitable<void> server::run() {
  return impl_->serve();
}

void server::stop() {
  impl_->ask(impl::level::stopping);
}

void server::cancel() {
  impl_->ask(impl::level::cancelling);
}

}  // namespace kit::http
