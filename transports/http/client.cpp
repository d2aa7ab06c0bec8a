#include <transports/http/client.hpp>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <curl/curl.h>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/dispatch.hpp>
#include <asio/query.hpp>
#include <asio/this_coro.hpp>

#include <kit/attempts.hpp>
#include <kit/http/event_stream.hpp>
#include <kit/http/syntax.hpp>
#include <kit/parked.hpp>
#include <kit/this_context.hpp>
#include <transports/http/detail/curl_loop.hpp>
#include <transports/http/detail/redirect.hpp>
#include <transports/http/framing.hpp>

namespace kit::http {

using detail::curl_loop;
using detail::curl_transfer;

// The loops that it was used on, and what a call does.
class client::impl {
 public:
  using mode = curl_transfer::mode;

  explicit impl(client_options options)
      : options_(std::make_shared<const client_options>(std::move(options))) {
    static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (initialized != CURLE_OK) throw error(errc::internal, curl_easy_strerror(initialized));
  }
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;
  ~impl() {
    for (const auto& loop : loops_)
      loop->abandon();
  }

  static asio::awaitable<result<response>> call(std::shared_ptr<impl> self, request req, mode m);
  static asio::awaitable<response> call_or_throw(std::shared_ptr<impl> self, request req);

 private:
  class stream;

  std::shared_ptr<curl_loop> loop_of(const asio::any_io_executor& ex);
  static asio::awaitable<result<response>> send(std::shared_ptr<impl> self, request req, mode m,
                                                std::optional<time_point> until = {});

  const std::shared_ptr<const client_options> options_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<curl_loop>> loops_;
};

namespace {

// Goes on where the coroutine belongs.
template <class Handler>
struct at_home {
  Handler handler;
  void operator()() { asio::dispatch(std::move(handler)); }
};
template <class Handler>
at_home(Handler) -> at_home<Handler>;

// Says something about the transfer to its loop, if both are still there.
template <class F>
auto while_alive(const std::shared_ptr<curl_loop>& loop, const std::shared_ptr<curl_transfer>& t,
                 F say) {
  return [loop = std::weak_ptr(loop), t = std::weak_ptr(t), say] {
    const auto l = loop.lock();
    const auto call = t.lock();
    if (l && call) l->run([l, call, say] { say(*l, call); });
  };
}

bool is_event_stream(const headers& fields) noexcept {
  const auto type = fields.get(field::content_type).value_or("");
  return iequals(trim_ows(type.substr(0, type.find(';'))), event_stream_type);
}

// Starts the transfer, and waits for its answer, or the head of that.
asio::awaitable<void> answered(const asio::any_io_executor& ex, const context& ctx,
                               const std::shared_ptr<curl_loop>& loop,
                               const std::shared_ptr<curl_transfer>& t) {
  return suspend([&ex, &ctx, &loop, &t](auto handler) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) {
      slot.assign([cancel = while_alive(loop, t, [](curl_loop& l, const auto& call) {
                     l.cancel(call, call_failure::stage::canceled);
                   })](asio::cancellation_type) { cancel(); });
    }
    t->waiter.store(at_home{std::move(handler)});
    if (const auto& content = t->sends()) {
      content->start(ex, ctx,
                     while_alive(loop, t, [](curl_loop& l, const auto& call) { l.send_on(call); }));
    }
    loop->run([loop, t] { loop->start(t); });
  });
}

// When that time, counted from now, is over; 0 is no limit.
time_point time_limit(std::chrono::milliseconds span, const timer_wheel& wheel) {
  return span.count() == 0 ? time_point::max() : saturating_add(wheel.now(), span);
}

// The failure as seen where the context may have ended: that its time was over, say.
error settled(error e, const asio::any_io_executor& ex) {
  auto seen = kit::detail::call_error(e, ex, false);
  const auto* how = e.get<call_failure>();
  if (seen.code() == e.code() || !how) return seen;
  return error(seen.code(), std::string(e.message()))
      .with(call_failure{call_failure::stage::timeout, how->sent});
}

// A failure for those who try again. Where a redirect led, another server got the call before,
// which may have acted on it.
error for_retries(error e, bool redirected) {
  const auto* how = e.get<call_failure>();
  if (!how || how->sent) return e;
  return redirected ? e.with(call_failure{how->at, true}) : e.with(never_sent{});
}

}  // namespace

// The content of an answer that is still coming.
class client::impl::stream final : public body_source {
 public:
  stream(std::shared_ptr<impl> owner, std::shared_ptr<curl_loop> loop,
         std::shared_ptr<curl_transfer> t, const http::headers& fields)
      : client_(std::move(owner)),
        loop_(std::move(loop)),
        transfer_(std::move(t)),
        content_(transfer_->receives()),
        size_(content_length(fields)),
        endless_(is_event_stream(fields)) {}
  ~stream() override { loop_->drop(std::move(transfer_)); }

  asio::awaitable<std::optional<std::string>> read() override {
    return content_->read(time_limit(client_->options_->read_timeout, loop_->wheel()), [this] {
      loop_->run([loop = loop_, t = transfer_] { loop->read_on(t); });
    });
  }
  std::optional<std::uint64_t> size() const noexcept override { return size_; }
  const http::headers& trailers() const noexcept override { return content_->trailers(); }
  bool endless() const noexcept override { return endless_; }

 private:
  const std::shared_ptr<impl> client_;
  const std::shared_ptr<curl_loop> loop_;
  std::shared_ptr<curl_transfer> transfer_;
  const std::shared_ptr<detail::download> content_;
  const std::optional<std::uint64_t> size_;
  const bool endless_;
};

std::shared_ptr<curl_loop> client::impl::loop_of(const asio::any_io_executor& ex) {
  const asio::execution_context& home = asio::query(ex, asio::execution::context);
  const std::lock_guard lock(mutex_);
  for (auto& loop : loops_) {
    if (&loop->context() != &home) continue;
    if (loop->closed()) loop = curl_loop::make(options_, ex);  // another one, at the same place
    return loop;
  }
  std::erase_if(loops_, [](const auto& loop) { return loop->closed(); });
  return loops_.emplace_back(curl_loop::make(options_, ex));
}

asio::awaitable<result<response>> client::impl::send(std::shared_ptr<impl> self, request req,
                                                     mode m, std::optional<time_point> until) {
  const auto ex = co_await asio::this_coro::executor;
  const auto ctx = context_of(ex);
  const auto loop = self->loop_of(ex);
  if (ctx.deadline().value_or(time_point::max()) <= loop->wheel().now()) {
    co_return fail(error(errc::deadline_exceeded).with(call_failure{call_failure::stage::timeout}));
  }
  const auto t = loop->take();
  if (!until) until = time_limit(self->options_->timeout, loop->wheel());
  if (auto prepared = t->prepare(std::move(req), m, *until); !prepared) {
    loop->give_back(t);
    co_return fail(std::move(prepared).error());
  }
  co_await answered(ex, ctx, loop, t);
  auto answer = t->take();
  if (!answer) answer.error() = settled(std::move(answer.error()), ex);
  if (m == mode::whole) {
    loop->give_back(t);
  } else if (answer && t->has_content()) {
    answer->body = body(std::make_shared<stream>(std::move(self), loop, t, answer->headers));
  }
  co_return answer;
}

asio::awaitable<result<response>> client::impl::call(std::shared_ptr<impl> self, request req,
                                                     mode m) {
  const auto redirects = self->options_->max_redirects;
  if (redirects == 0) {
    auto answer = co_await send(std::move(self), std::move(req), m);
    if (!answer) answer.error() = for_retries(std::move(answer.error()), false);
    co_return answer;
  }
  const auto until =
      time_limit(self->options_->timeout, timer_wheel::of(co_await asio::this_coro::executor));
  for (std::size_t left = redirects;; --left) {
    request sent = req;
    auto answer = co_await send(self, std::move(sent), m, until);
    if (!answer) answer.error() = for_retries(std::move(answer.error()), left < redirects);
    if (!answer || !detail::is_redirect(*answer)) co_return answer;
    if (left == 0) {
      co_return fail(error(errc::failed_precondition, "redirected too often")
                         .with(call_failure{call_failure::stage::redirect, true}));
    }
    auto next = detail::redirected(req, *answer);
    if (!next) co_return fail(std::move(next).error());
    req = *std::move(next);
  }
}

asio::awaitable<response> client::impl::call_or_throw(std::shared_ptr<impl> self, request req) {
  auto answer = co_await call(std::move(self), std::move(req), mode::whole);
  if (!answer) throw std::move(answer).error();
  co_return *std::move(answer);
}

client::client(client_options options) {
  require_valid(options);
  impl_ = std::make_shared<impl>(std::move(options));
}

asio::awaitable<result<response>> client::try_call(request req) const {
  return impl::call(impl_, std::move(req), impl::mode::whole);
}

asio::awaitable<response> client::operator()(request req) const {
  return impl::call_or_throw(impl_, std::move(req));
}

handler client::streaming() const {
  return [impl = impl_](request req) {
    return impl::call(impl, std::move(req), impl::mode::streaming);
  };
}

}  // namespace kit::http
