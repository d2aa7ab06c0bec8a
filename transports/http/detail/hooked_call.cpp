#include <transports/http/detail/hooked_call.hpp>

#include <exception>
#include <string>
#include <utility>

#include <kit/http/body.hpp>
#include <transports/http/status_of.hpp>

namespace kit::http::detail {
namespace {

error abandoned() noexcept {
  return error(errc::canceled);
}

}  // namespace

/// The content of an answer, on its way to the client; holds the call until all is read.
class hooked_call::counted_body final : public body_source {
 public:
  counted_body(hooked_call&& call, const response& r)
      : call_(std::move(call)),
        inner_(r.body),
        size_(inner_.size()),
        status_(r.status),
        headers_(r.headers) {}
  ~counted_body() override {
    const bool all = bytes_ == size_;  // nobody reads on, to see the end
    end(all ? std::nullopt : std::optional<error>(abandoned()));
  }

  asio::awaitable<std::optional<std::string>> read() override {
    try {
      auto chunk = co_await inner_.read();
      if (chunk) {
        bytes_ += chunk->size();
      } else {
        end(std::nullopt);
      }
      co_return chunk;
    } catch (...) {
      end(to_error(std::current_exception()));
      throw;
    }
  }
  std::optional<std::uint64_t> size() const noexcept override { return inner_.size(); }
  const http::headers& trailers() const noexcept override { return inner_.trailers(); }
  bool endless() const noexcept override { return inner_.source()->endless(); }

 private:
  void end(std::optional<error> failure) noexcept {
    if (!call_.options_) return;
    if (failure) {
      call_.report(*failure);
      call_.failure_ = std::move(failure);
    }
    call_.finalize(status_, headers_, bytes_);
  }

  hooked_call call_;
  body inner_;
  const std::optional<std::uint64_t> size_;
  const http::status status_;
  const http::headers headers_;
  std::uint64_t bytes_ = 0;
};

hooked_call::hooked_call(std::shared_ptr<const handler_options> options, kit::context ctx,
                         http::request req)
    : options_(std::move(options)), context_(std::move(ctx)), request_(std::move(req)) {}

hooked_call::~hooked_call() {
  if (!options_) return;
  failure_ = abandoned();
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
  const bool content = request_.method != method::head && !is_bodiless(r.status);
  if (options_->finalizers.empty()) {
    options_.reset();
  } else if (content && r.body.is_stream()) {
    r.body = body(std::make_shared<counted_body>(std::move(*this), r));
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
