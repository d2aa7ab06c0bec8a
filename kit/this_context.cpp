#include <kit/this_context.hpp>

#include <memory>
#include <stop_token>

#include <asio/associated_cancellation_slot.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/co_spawn.hpp>
#include <asio/dispatch.hpp>
#include <asio/io_context.hpp>
#include <asio/strand.hpp>

#include <kit/detail/asio_compat.hpp>

namespace kit {
namespace {

using plain_executor = asio::io_context::executor_type;
using on_plain = detail::context_executor<plain_executor>;
using on_any = detail::context_executor<asio::any_io_executor>;
using detail::target_of;
using any_strand = asio::strand<asio::any_io_executor>;
using plain_strand = asio::strand<plain_executor>;

// The executor below the context.
asio::any_io_executor without_context(const asio::any_io_executor& ex) {
  if (const auto* wrapped = target_of<on_plain>(ex)) return wrapped->inner();
  if (const auto* wrapped = target_of<on_any>(ex)) return wrapped->inner();
  return ex;
}

asio::any_io_executor on_strand(const asio::any_io_executor& ex) {
  auto bare = without_context(ex);
  if (target_of<any_strand>(bare) || target_of<plain_strand>(bare)) return bare;
  return asio::make_strand(std::move(bare));
}

// A job on a coroutine of its own where several threads may run the loop: everything about it,
// cancelling too, happens on its strand.
struct spawned : std::enable_shared_from_this<spawned> {
  struct on_stop {
    spawned* self;
    void operator()() const { self->cancel(); }
  };

  spawned(asio::any_io_executor ex, context c, detail::job& w)
      : executor(std::move(ex)), ctx(std::move(c)), work(w) {}

  void cancel() {
    asio::dispatch(executor, [s = shared_from_this()] {
      if (!s->done) s->signal.emit(asio::cancellation_type::terminal);
    });
  }

  static asio::awaitable<void> run(std::shared_ptr<spawned> s) {
    s->stop.emplace(s->ctx.stop_token(), on_stop{s.get()});
    co_await s->work.run();
  }

  template <class Handler>
  void start(Handler handler) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) {
      slot.assign([s = shared_from_this()](asio::cancellation_type) { s->cancel(); });
    }
    asio::co_spawn(bind_context(executor, ctx), run(shared_from_this()),
                   asio::bind_cancellation_slot(
                       signal.slot(), [s = shared_from_this(), h = std::move(handler)](
                                          std::exception_ptr failure) mutable {
                         s->done = true;
                         s->stop.reset();
                         s->work.done(std::move(failure));
                         asio::dispatch(std::move(h));
                       }));
  }

  asio::any_io_executor executor;
  context ctx;
  detail::job& work;
  asio::cancellation_signal signal;
  std::optional<std::stop_callback<on_stop>> stop;
  bool done = false;
};

}  // namespace

context context_of(const asio::any_io_executor& ex) {
  if (const auto* wrapped = target_of<on_plain>(ex)) return wrapped->context();
  if (const auto* wrapped = target_of<on_any>(ex)) return wrapped->context();
  if (const auto* strand = target_of<any_strand>(ex)) return context_of(strand->get_inner_executor());
  return {};
}

asio::any_io_executor bind_context(const asio::any_io_executor& ex, const context& ctx) {
  auto bare = without_context(ex);
  if (const auto* plain = target_of<plain_executor>(bare)) return on_plain(*plain, ctx);
  return on_any(std::move(bare), ctx);
}

asio::awaitable<context> this_context() {
  co_return context_of(co_await asio::this_coro::executor);
}

namespace detail {

asio::awaitable<void> run_in_context(context ctx, job& work) {
  const auto ex = co_await asio::this_coro::executor;
  if (auto* pool = runner_pool::find(ex)) {
    runner* r = pool->start(std::move(ctx), work);
    if (!r) co_return;
    co_await suspend([r](auto handler) {
      auto slot = asio::get_associated_cancellation_slot(handler);
      if (slot.is_connected()) slot.assign([r](asio::cancellation_type) { r->cancel(); });
      r->waiter().store(std::move(handler));
    });
  } else {
    const auto s = std::make_shared<spawned>(on_strand(ex), std::move(ctx), work);
    co_await suspend([&s](auto handler) { s->start(std::move(handler)); });
  }
}

deadline_scope::deadline_scope(const asio::any_io_executor& ex, const kit::context& parent,
                               time_point when)
    : source_(parent, when),
      timer_(
          timer_wheel::of(ex),
          [](void* source, timer_event event) {
            if (event == timer_event::due) {
              static_cast<cancel_source*>(source)->cancel(errc::deadline_exceeded);
            }
          },
          &source_) {
  timer_.arm(when);
}

void deadline_scope::rethrow() const {
  if (context().cause() != errc::deadline_exceeded) throw;
  error e = to_error(std::current_exception());
  if (e.code() != errc::canceled) throw;
  throw error(errc::deadline_exceeded).with_cause(std::current_exception());
}

void deadline_scope::settle(error& e) const {
  if (e.code() == errc::canceled && context().cause() == errc::deadline_exceeded) {
    e = error(errc::deadline_exceeded).with_cause(e.cause());
  }
}

time_point deadline_of(const context& ctx) noexcept {
  return ctx.deadline().value_or(time_point::max());
}

time_point now(const asio::any_io_executor& ex) { return timer_wheel::of(ex).now(); }

}  // namespace detail
}  // namespace kit
