#include <kit/tls/server_context.hpp>

#include <mutex>
#include <utility>

#include <openssl/ssl.h>

#include <kit/error.hpp>
#include <kit/tls/detail/context_set.hpp>
#include <kit/tls/detail/session.hpp>
#include <kit/tls/detail/ticket_keys.hpp>

namespace kit::tls {
namespace {

constexpr std::chrono::hours longest_session{7 * 24};

std::chrono::seconds session_timeout_of(const server_options& o) {
  if (o.session_timeout < std::chrono::seconds(1) || o.session_timeout > longest_session) {
    throw error(errc::invalid_argument,
                "tls: server_options::session_timeout: must be from 1 second to 7 days");
  }
  return o.session_timeout;
}

}  // namespace

class server_context::impl {
 public:
  explicit impl(server_options o)
      : options_(std::move(o)),
        keys_(std::make_shared<detail::ticket_keys>(session_timeout_of(options_))),
        loaded_(std::make_shared<const detail::context_set>(options_, keys_)) {}

  explicit impl(SSL_CTX* application) : application_(application) {
    if (!application) throw error(errc::invalid_argument, "tls: no context");
    SSL_CTX_up_ref(application);
  }

  result<void> reload() {
    if (application_) {
      return fail(errc::failed_precondition, "tls: the context is the application's own");
    }
    try {
      auto fresh = std::make_shared<const detail::context_set>(options_, keys_);
      const std::lock_guard lock(mutex_);
      loaded_.swap(fresh);
    } catch (const error& e) {
      return fail(e);
    }
    return {};
  }

  std::unique_ptr<secure_session> accept(int socket) {
    if (application_) return detail::make_session(application_.get(), nullptr, socket);
    auto now = loaded();
    auto* context = now->first();
    return detail::make_session(context, std::move(now), socket);
  }

 private:
  std::shared_ptr<const detail::context_set> loaded() {
    const std::lock_guard lock(mutex_);
    return loaded_;
  }

  const detail::context_ptr application_;
  const server_options options_;
  const std::shared_ptr<detail::ticket_keys> keys_;
  std::mutex mutex_;
  std::shared_ptr<const detail::context_set> loaded_;
};

server_context::server_context(server_options options)
    : impl_(std::make_unique<impl>(std::move(options))) {}

server_context::server_context(ssl_ctx_st* application)
    : impl_(std::make_unique<impl>(application)) {}

server_context::~server_context() = default;

result<void> server_context::reload() {
  return impl_->reload();
}

std::unique_ptr<secure_session> server_context::accept(int socket) {
  return impl_->accept(socket);
}

}  // namespace kit::tls
