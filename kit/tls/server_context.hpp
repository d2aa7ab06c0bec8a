#pragma once

#include <concepts>
#include <memory>

#include <kit/result.hpp>
#include <kit/secure.hpp>
#include <kit/tls/server_options.hpp>

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace kit::tls {

/// TLS 1.2 and 1.3 for a server, by OpenSSL 3.
///
///     auto tls = std::make_shared<kit::tls::server_context>(kit::tls::server_options{
///         .certificates = {{"/etc/site/chain.pem", "/etc/site/key.pem"}}});
///     http::server server(executor, router, {.port = 8443, .tls = tls});
///
/// Renegotiation, compression and early data are off.
/// Threads: any, at the same time; one is made for all loops.
class server_context final : public secure_context {
 public:
  /// Reads the files. Errors: throws `errc::invalid_argument` that names the file or the member;
  /// for a wrong password, the file of the key.
  explicit server_context(server_options options);
  /// On a context that the application has set up itself. It takes a reference, and changes
  /// nothing in it; what each connection needs is set on that connection.
  explicit server_context(ssl_ctx_st* application);
  /// The same for Asio's, `asio::ssl::context`.
  template <class Context>
    requires requires(Context& c) {
      { c.native_handle() } -> std::same_as<ssl_ctx_st*>;
    }
  explicit server_context(Context& application) : server_context(application.native_handle()) {}
  ~server_context() override;

  /// Reads all files again, for the connections that come from now on; those that are open keep
  /// what they have. Tickets stay good, unless the clients' authorities have changed. Blocks for
  /// as long as reading takes.
  /// Errors: as the constructor; then everything stays as it is. `errc::failed_precondition` on an
  ///         application's own context.
  result<void> reload();

  std::unique_ptr<secure_session> accept(int socket) override;

 private:
  class impl;
  const std::unique_ptr<impl> impl_;
};

}  // namespace kit::tls
