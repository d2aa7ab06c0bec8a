#include <transports/http/detail/hooked_call.hpp>

#include <exception>
#include <string>
#include <utility>

#include <kit/http/body.hpp>
#include <transports/http/detail/watched_body.hpp>
#include <transports/http/status_of.hpp>

namespace kit::http::detail {
/// Holds the call until its streamed answer is over.
struct hooked_call::streaming {
  hooked_call call;
  http::status status;
  http::headers headers;

  void ended(std::uint64_t bytes, std::optional<error> failure) noexcept {
    if (failure) {
      call.report(*failure);
      call.failure_ = std::move(failure);
    }
    call.finalize(status, headers, bytes);
  }
};

hooked_call::hooked_call(std::shared_ptr<const handler_options> options, kit::context ctx,
                         http::request req)
    : options_(std::move(options)), context_(std::move(ctx)), request_(std::move(req)) {}

hooked_call::~hooked_call() {
  if (!options_) return;
  failure_ = error(errc::canceled);
  report(*failure_);
  finalize(status_of(failure_->code()), {}, 0);
}

void hooked_call::before() {
  for (const auto& hook : options_->before)
    context_ = hook(context_, request_);
}

void hooked_call::after(response& r) {
  for (const auto& hook : options_->after)
    context_ = hook(context_, r);
}

response hooked_call::succeed(response r) {
  return close(std::move(r));
}

result<response> hooked_call::fail(error e) {
  // What was cancelled because time ran out has failed by that.
  if (e.code() == errc::canceled && context_.cause() == errc::deadline_exceeded) {
    e = error(errc::deadline_exceeded).with_cause(e.cause());
  }
  report(e);
  failure_ = e;
  if (!options_->error_encoder && options_->finalizers.empty()) {
    options_.reset();
    return kit::fail(std::move(e));
  }
  return close(answer_to(e));
}

void hooked_call::report(const error& e) const noexcept {
  if (!options_->error_handler) return;
  try {
    options_->error_handler(context_, e);
  } catch (...) {  // there is nobody left to tell
  }
}

response hooked_call::answer_to(const error& e) const {
  if (!options_->error_encoder) return error_response(e);
  try {
    return options_->error_encoder(context_, e);
  } catch (...) {
    report(to_error(std::current_exception()));
    return error_response(errc::internal);
  }
}

response hooked_call::close(response r) {
  const bool content = has_content(request_.method, r.status);
  if (options_->finalizers.empty()) {
    options_.reset();
  } else if (content && r.body.is_stream()) {
    streaming watcher{std::move(*this), r.status, r.headers};
    r.body = body(std::make_shared<watched_body<streaming>>(std::move(r.body), std::move(watcher)));
  } else {
    finalize(r.status, r.headers, content ? r.body.bytes().size() : 0);
  }
  return r;
}

void hooked_call::finalize(status code, const headers& fields, std::uint64_t bytes) noexcept {
  const http::exchange all{request_, code, fields, bytes, failure_ ? &*failure_ : nullptr};
  for (const auto& f : options_->finalizers) {
    try {
      f(context_, all);
    } catch (...) {
      report(to_error(std::current_exception()));
    }
  }
  options_.reset();
}

}  // namespace kit::http::detail
