#include <transports/http/server.hpp>

#include <algorithm>
#include <charconv>
#include <stop_token>
#include <utility>

#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/cancellation_state.hpp>
#include <asio/co_spawn.hpp>
#include <asio/dispatch.hpp>
#include <asio/error.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/this_coro.hpp>

#include <kit/job.hpp>
#include <kit/monitor.hpp>
#include <kit/parked.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>
#include <transports/http/detail/connection.hpp>
#include <transports/http/detail/hub.hpp>
#include <transports/http/detail/listener.hpp>
#include <transports/http/detail/options_for.hpp>
#include <transports/http/router.hpp>

namespace kit::http {
namespace {

// Out of descriptors or memory: wait for some to be freed.
constexpr std::chrono::milliseconds accept_pause{20};
// Accepted without looking at anything else.
constexpr std::size_t accept_burst = 64;

}  // namespace

// Its coroutines run on the loop's thread or on a strand; each holds a handle.
class server::impl final : public std::enable_shared_from_this<impl> {
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
  int descriptor() const noexcept { return listener_->descriptor(); }
  std::size_t connections() const {
    const auto lock = changes_.lock();
    return hub_ ? hub_->size() : 0;
  }

  static asio::awaitable<void> run(std::shared_ptr<impl> self);
  void ask(level what);
  void abandon();

 private:
  using self_ptr = std::shared_ptr<impl>;

  void start(const context& ctx);
  static asio::awaitable<void> serve(self_ptr self);
  static asio::awaitable<void> accept(self_ptr self);
  void accepting_ended(std::exception_ptr failure);
  asio::awaitable<bool> wait_for_room();
  asio::awaitable<void> wait_until_asked();
  asio::awaitable<void> announce();
  asio::awaitable<void> drain();
  asio::awaitable<void> wait_empty(std::chrono::milliseconds limit, level cut_by);
  void notify_of_room();

  const asio::any_io_executor executor_;
  const handler handler_;
  const server_options options_;
  const std::unique_ptr<detail::listener> listener_;
  const std::string address_;
  std::shared_ptr<detail::hub> hub_;  // from `run` on

  kit::monitor changes_;  // of the members below, and of the number of connections
  level asked_ = level::running;
  bool accepting_ = false;
  bool closing_ = false;        // no further connection is accepted
  bool abandoned_ = false;      // the server is no more
  std::exception_ptr failure_;  // why `run` will throw
};

// --- accepting

asio::awaitable<void> server::impl::accept(self_ptr self) {
  auto& s = *self;
  while (co_await s.wait_for_room()) {
    auto failed = co_await s.listener_->wait();
    if (!failed) {
      s.listener_->accept_ready(s.hub_, std::min(s.hub_->room(), accept_burst), failed);
    }
    if (!failed) continue;
    auto lock = s.changes_.lock();
    if (s.closing_) co_return;
    if (failed == asio::error::operation_aborted) {
      throw error(errc::unavailable, "the listener of " + s.address_ + " was closed");
    }
    co_await s.changes_.wait(std::move(lock), s.hub_->wheel.now() + accept_pause);
  }
}

// False when there is nothing to wait for any more.
asio::awaitable<bool> server::impl::wait_for_room() {
  for (;;) {
    auto lock = changes_.lock();
    if (closing_) co_return false;
    if (hub_->room() > 0) co_return true;
    notify_of_room();
    if (hub_->room() > 0) co_return true;
    co_await changes_.wait(std::move(lock));
  }
}

void server::impl::notify_of_room() {
  hub_->on_more_room([weak = weak_from_this()] {
    if (const auto self = weak.lock()) {
      const auto lock = self->changes_.lock();
      self->changes_.notify_all();
    }
  });
}

void server::impl::accepting_ended(std::exception_ptr failure) {
  const auto lock = changes_.lock();
  accepting_ = false;
  if (failure) failure_ = std::move(failure);
  changes_.notify_all();
}

// --- the life of the server

asio::awaitable<void> server::impl::run(self_ptr self) {
  const auto ctx = co_await this_context();
  self->start(ctx);
  const std::stop_callback cut_short(ctx.stop_token(), [&] { self->ask(level::cancelling); });
  std::exception_ptr failure;
  co_await suspend([&](auto resume) {
    auto slot = asio::get_associated_cancellation_slot(resume);
    if (slot.is_connected()) {
      slot.assign([weak = std::weak_ptr<impl>(self)](asio::cancellation_type) {
        if (const auto s = weak.lock()) s->ask(level::stopping);
      });
    }
    auto work = asio::make_work_guard(asio::get_associated_executor(resume));
    asio::co_spawn(
        self->executor_, serve(self),
        [&failure, work = std::move(work), h = std::move(resume)](std::exception_ptr e) mutable {
          failure = std::move(e);
          asio::dispatch(std::move(h));
        });
  });
  // Who cancelled it got what that asks for; what comes after it may be awaited again.
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none) {
    co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
  }
  if (failure) std::rethrow_exception(failure);
}

void server::impl::start(const context& ctx) {
  const auto lock = changes_.lock();
  if (hub_) throw error(errc::failed_precondition, "http::server::run: called twice");
  const auto base = ctx.without_cancel();
  hub_ = std::make_shared<detail::hub>(options_, handler_, base, bind_context(executor_, base),
                                       listener_->one_thread());
  accepting_ = true;
}

asio::awaitable<void> server::impl::serve(self_ptr self) {
  auto& s = *self;
  asio::co_spawn(s.executor_, accept(self),
                 [self](std::exception_ptr failure) { self->accepting_ended(std::move(failure)); });
  co_await s.wait_until_asked();
  co_await s.announce();
  co_await s.drain();
  if (s.failure_) std::rethrow_exception(s.failure_);
}

void server::impl::ask(level what) {
  const auto lock = changes_.lock();
  if (asked_ >= what) return;
  asked_ = what;
  changes_.notify_all();
}

asio::awaitable<void> server::impl::wait_until_asked() {
  for (;;) {
    auto lock = changes_.lock();
    if (asked_ != level::running || !accepting_) co_return;
    co_await changes_.wait(std::move(lock));
  }
}

// Tells who wants to know, and goes on for those who have not heard yet.
asio::awaitable<void> server::impl::announce() {
  const auto running_on = [this] { return asked_ != level::cancelling && accepting_; };
  {
    const auto lock = changes_.lock();
    if (abandoned_) co_return;
  }
  try {
    if (options_.on_drain) options_.on_drain();
  } catch (...) {
    if (!failure_) failure_ = std::current_exception();
  }
  const auto until = saturating_add(hub_->wheel.now(), options_.drain_delay);
  for (auto lock = changes_.lock(); running_on() && hub_->wheel.now() < until;
       lock = changes_.lock()) {
    co_await changes_.wait(std::move(lock), until);
  }
}

asio::awaitable<void> server::impl::drain() {
  {
    const auto lock = changes_.lock();
    closing_ = true;
    changes_.notify_all();
  }
  hub_->start_draining();
  listener_->stop_waiting();
  for (auto lock = changes_.lock(); accepting_; lock = changes_.lock()) {
    co_await changes_.wait(std::move(lock));
  }
  // Who has connected was served by this server, as far as he can know.
  std::error_code failed;
  while (listener_->accept_ready(hub_, accept_burst, failed) > 0) {
  }
  listener_->close();
  hub_->for_each(&detail::connection::drain);
  co_await wait_empty(options_.drain_timeout, level::cancelling);
  hub_->for_each(&detail::connection::cancel);
  co_await wait_empty(options_.cancel_grace, level::running);
  hub_->for_each(&detail::connection::abort);
}

// Waits until the last connection has gone, for at most that long; `cut_by` ends the wait.
asio::awaitable<void> server::impl::wait_empty(std::chrono::milliseconds limit, level cut_by) {
  const auto until = saturating_add(hub_->wheel.now(), limit);
  while (hub_->size() > 0 && hub_->wheel.now() < until) {
    auto lock = changes_.lock();
    if (cut_by != level::running && asked_ >= cut_by) co_return;
    notify_of_room();
    if (hub_->size() == 0) co_return;
    co_await changes_.wait(std::move(lock), until);
  }
}

// Its coroutines go on until they have noticed.
void server::impl::abandon() {
  std::shared_ptr<detail::hub> hub;
  {
    const auto lock = changes_.lock();
    abandoned_ = true;
    hub = hub_;
  }
  ask(level::cancelling);
  if (!hub) return;
  hub->start_draining();
  hub->for_each(&detail::connection::abort);
}

// --- server

server::server(const asio::any_io_executor& ex, handler h, const server_options& options) {
  require_valid(options);
  auto listener = detail::listen_on_sockets(without_context(ex), options);
  impl_ = std::make_shared<impl>(serialized(ex), std::move(h), options, std::move(listener));
}

server::server(const asio::any_io_executor& ex, handler h, const server_options& options,
               kit::network& network) {
  require_valid(options);
  const auto refuse_if = [](bool set, const char* member) {
    if (!set) return;
    throw error(errc::invalid_argument, std::string("http::server_options::") + member +
                                            ": is not there for a network that is given");
  };
  refuse_if(!options.proxy_protocol_from.empty(), "proxy_protocol_from");
  refuse_if(options.proxy_protocol_on_unix, "proxy_protocol_on_unix");
  refuse_if(options.tls != nullptr, "tls");
  auto listener = detail::listen_on(network, options);
  impl_ = std::make_shared<impl>(serialized(ex), std::move(h), options, std::move(listener));
}

server::server(const asio::any_io_executor& ex, const router& r, const server_options& options)
    : server(ex, handler(r), detail::options_for(r, options)) {}

server::server(const asio::any_io_executor& ex, const router& r, const server_options& options,
               kit::network& network)
    : server(ex, handler(r), detail::options_for(r, options), network) {}

server::~server() {
  impl_->abandon();
}

std::string server::local_address() const {
  return impl_->address();
}

std::uint16_t server::port() const {
  const auto& address = impl_->address();
  if (address.starts_with("unix:")) return 0;  // there may be a colon in the path
  std::uint16_t port = 0;
  std::from_chars(address.data() + address.rfind(':') + 1, address.data() + address.size(), port);
  return port;
}

int server::native_handle() const noexcept {
  return impl_->descriptor();
}

std::size_t server::connections() const {
  return impl_->connections();
}

asio::awaitable<void> server::run() {
  return impl::run(impl_);
}

void server::stop() {
  impl_->ask(impl::level::stopping);
}

void server::cancel() {
  impl_->ask(impl::level::cancelling);
}

}  // namespace kit::http
