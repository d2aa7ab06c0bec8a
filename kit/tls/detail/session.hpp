#pragma once

#include <memory>

#include <kit/secure.hpp>

struct ssl_ctx_st;

namespace kit::tls::detail {

/// The server's end of a connection. `keep` outlives the session: what the context's callbacks
/// need. Errors: throws `std::bad_alloc`.
std::unique_ptr<secure_session> make_session(ssl_ctx_st* context, std::shared_ptr<const void> keep,
                                             int socket);

}  // namespace kit::tls::detail
