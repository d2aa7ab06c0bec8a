#include <kit/this_context.hpp>

#include <asio/strand.hpp>

#include <kit/asio_compat.hpp>
#include <kit/detail/loop.hpp>

namespace kit {

using detail::on_loop;
using detail::on_other;
using any_strand = asio::strand<asio::any_io_executor>;

context context_of(const asio::any_io_executor& ex) {
  if (const auto* carrying = target_of<on_loop>(ex)) return carrying->context();
  if (const auto* carrying = target_of<on_other>(ex)) return carrying->context();
  if (const auto* strand = target_of<any_strand>(ex)) {
    return context_of(strand->get_inner_executor());
  }
  return {};
}

asio::any_io_executor bind_context(const asio::any_io_executor& ex, const context& ctx) {
  if (auto* home = detail::loop::of(ex)) return on_loop(detail::loop_handle{home}, ctx);
  return on_other(detail::any_handle{without_context(ex)}, ctx);
}

asio::any_io_executor without_context(const asio::any_io_executor& ex) {
  if (const auto* carrying = target_of<on_loop>(ex)) return carrying->inner().executor();
  if (const auto* carrying = target_of<on_other>(ex)) return carrying->inner().executor();
  return ex;
}

asio::awaitable<context> this_context() {
  co_return context_of(co_await asio::this_coro::executor);
}

namespace detail {

deadline_scope::deadline_scope(const asio::any_io_executor& ex, const time_limit& limit) {
  auto& wheel = timer_wheel::of(ex);
  const auto now = wheel.now();
  const auto when = limit.span ? saturating_add(now, *limit.span) : limit.when;
  const auto outer = context_of(ex);
  if (outer.deadline().value_or(time_point::max()) <= when) return;
  source_.emplace(outer, when);
  if (when <= now) {
    source_->cancel(errc::deadline_exceeded);
    return;
  }
  const auto expired = [](void* source, timer_event event) {
    if (event == timer_event::shutdown) return;
    static_cast<cancel_source*>(source)->cancel(errc::deadline_exceeded);
  };
  timer_.emplace(wheel, expired, &*source_).arm(when);
}

std::exception_ptr deadline_scope::failure() const {
  auto thrown = std::current_exception();
  const error e = to_error(thrown);
  error s = settled(e);
  return s.code() == e.code() ? thrown : std::make_exception_ptr(std::move(s));
}

error deadline_scope::settled(error e) const {
  if (!source_ || context().cause() != errc::deadline_exceeded) return e;
  return detail::settled(std::move(e), errc::deadline_exceeded);
}

lent_context::lent_context(const asio::any_io_executor& of) noexcept {
  const auto* carrying = target_of<on_loop>(of);
  if (carrying && carrying->holds_context()) {
    new (&value) context(carrying->lend_context());
  } else {
    new (&value) context(context_of(of));
    counted_ = true;
  }
}

context_scope::context_scope(const asio::any_io_executor& ex, context& ctx) noexcept : other_(ctx) {
  const auto* carrying = target_of<on_loop>(ex);
  auto* slot = carrying ? carrying->origin() : nullptr;
  if (!slot || cancel_node_of(slot->current) != cancel_node_of(ctx)) return;
  place_ = &slot->current;
  std::swap(*place_, other_);
}

context_scope::~context_scope() {
  if (place_) std::swap(*place_, other_);
}

}  // namespace detail
}  // namespace kit
