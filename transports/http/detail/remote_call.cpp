#include <transports/http/detail/remote_call.hpp>

#include <cstdint>

#include <transports/http/propagation.hpp>

namespace kit::http::detail {

/// The streamed content of an answer, which can be closed while others hold it.
class remote_call::content final : public body_source {
 public:
  content(std::shared_ptr<body_source> inner, std::shared_ptr<cancel_source> source)
      : inner_(std::move(inner)),
        source_(std::move(source)),
        size_(inner_->size()),
        endless_(inner_->endless()) {}

  asio::awaitable<std::optional<std::string>> read() override {
    if (!inner_) throw error(errc::failed_precondition, "the content is closed");
    const auto keep = inner_;
    co_return co_await keep->read();
  }
  std::optional<std::uint64_t> size() const noexcept override { return size_; }
  const http::headers& trailers() const noexcept override {
    return inner_ ? inner_->trailers() : body_source::trailers();
  }
  bool endless() const noexcept override { return endless_; }
  void close() noexcept {
    inner_.reset();
    source_.reset();
  }

 private:
  std::shared_ptr<body_source> inner_;
  std::shared_ptr<cancel_source> source_;  // the context lasts as long
  const std::optional<std::uint64_t> size_;
  const bool endless_;
};

remote_call::remote_call(std::shared_ptr<const endpoint_options> options,
                         const asio::any_io_executor& ex)
    : options_(std::move(options)), executor_(ex), arrived_(context_of(ex)), context_(arrived_) {}

remote_call::~remote_call() {
  const error abandoned(errc::canceled);
  close_content();
  end(&abandoned);
}

void remote_call::before(request& req) {
  for (const auto& hook : options_->before)
    context_ = hook(context_, req);
  if (options_->propagate) {
    inject_context(req.headers, context_, timer_wheel::of(executor_).now());
  }
  inject_credentials(req.headers, options_->api_key_field, context_);
}

asio::awaitable<result<response>> remote_call::send(const handler& client, request req) {
  if (options_->has_hooks() || options_->keep_body_open) {
    source_ = std::make_shared<cancel_source>(context_);
    context_ = source_->context();
  }
  auto sent = client.try_call(std::move(req));
  if (context_ == arrived_) return sent;
  return with_context(context_, std::move(sent));
}

void remote_call::after(response& r) {
  if (options_->has_hooks()) {
    response_headers_ = r.headers;
    seen_ = {.response_headers = &response_headers_,
             .status = r.status,
             .response_bytes = r.body.size()};
  }
  if (r.body.is_stream()) {
    content_ = std::make_shared<content>(r.body.source(), source_);
    r.body = body(content_);
  }
  for (const auto& hook : options_->after)
    context_ = hook(context_, r);
}

void remote_call::close_content() noexcept {
  const auto closed = std::exchange(content_, nullptr);
  if (options_->keep_body_open && closed) {
    source_.reset();  // the content's from now on
  } else if (closed) {
    closed->close();
  }
}

void remote_call::end(const error* failure) noexcept {
  if (std::exchange(ended_, true)) return;
  if (source_) source_->cancel();
  seen_.failure = failure;
  for (const auto& f : options_->finalizers) {
    try {
      f(context_, seen_);
    } catch (...) {  // there is nobody left to tell
    }
  }
}

}  // namespace kit::http::detail
