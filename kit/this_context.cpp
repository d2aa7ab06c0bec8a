#include <kit/this_context.hpp>

#include <asio/io_context.hpp>
#include <asio/strand.hpp>

#include <kit/asio_compat.hpp>
#include <kit/detail/context_executor.hpp>

namespace kit {
namespace {

using plain_executor = asio::io_context::executor_type;
using on_plain = detail::context_executor<plain_executor>;
using on_any = detail::context_executor<asio::any_io_executor>;

using any_strand = asio::strand<asio::any_io_executor>;

}  // namespace

context context_of(const asio::any_io_executor& ex) {
  if (const auto* wrapped = target_of<on_plain>(ex)) return wrapped->context();
  if (const auto* wrapped = target_of<on_any>(ex)) return wrapped->context();
  if (const auto* strand = target_of<any_strand>(ex))
    return context_of(strand->get_inner_executor());
  return {};
}

asio::any_io_executor bind_context(const asio::any_io_executor& ex, const context& ctx) {
  auto bare = without_context(ex);
  if (const auto* plain = target_of<plain_executor>(bare)) return on_plain(*plain, ctx);
  return on_any(std::move(bare), ctx);
}

asio::any_io_executor without_context(const asio::any_io_executor& ex) {
  if (const auto* wrapped = target_of<on_plain>(ex)) return wrapped->inner();
  if (const auto* wrapped = target_of<on_any>(ex)) return wrapped->inner();
  return ex;
}

asio::awaitable<context> this_context() {
  co_return context_of(co_await asio::this_coro::executor);
}

namespace detail {

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

time_point now(const asio::any_io_executor& ex) {
  return timer_wheel::of(ex).now();
}

}  // namespace detail
}  // namespace kit
