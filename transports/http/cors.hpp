#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <transports/http/handler.hpp>

namespace kit::http {

/// Which pages of other origins may use what is behind `cors`. Plain data; checked by `cors`.
struct cors_options {
  /// Origins as browsers send them: `https://app.example`, with a port where it isn't the scheme's
  /// own, in lower case and without a path. `*` allows any, `null` the origins without a name,
  /// which anybody can have. Empty, and no `allow_origin`: none.
  std::vector<std::string> origins = {};
  /// Asked about origins that are not listed, never about `null`. Must not throw or block. Empty:
  /// none is added.
  std::function<bool(std::string_view origin)> allow_origin = nullptr;
  /// Methods that they may use; `*` allows any. GET, HEAD and POST are always allowed.
  std::vector<std::string> methods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
  /// Fields that their requests may have beyond the few that are always allowed (a `Content-Type`
  /// of JSON is none of these); `*` allows any.
  std::vector<std::string> headers = {"Content-Type"};
  /// Fields of answers that they may read beyond the usual ones; `*` is any, not with credentials.
  std::vector<std::string> exposed_headers = {};
  /// Whether browsers may send cookies and the like, and show the answers. Not with origin `*`.
  bool credentials = false;
  /// How long a browser may keep the answer to a preflight; browsers cut it to their own limits. 0:
  /// it asks each time. Not negative.
  std::chrono::seconds max_age{600};
  /// Whether pages of public networks may ask for what is in a private one.
  bool private_network = false;
};

/// Middleware: lets pages of other origins use the handlers behind it, by the CORS protocol of the
/// Fetch standard.
///
///     router.use(http::cors({.origins = {"https://app.example"}, .credentials = true}));
///
/// Preflights (OPTIONS with `Origin` and `Access-Control-Request-Method`) are answered by 204 and
/// go no further, so put it outside of what authenticates. Any other request passes, also of an
/// origin that isn't allowed: CORS tells browsers what pages may read, and keeps nobody out. The
/// fields go on failures, too, and replace what a handler set. `Vary` says what an answer depends
/// on.
///
/// Errors:  the constructor throws `errc::invalid_argument` for what could never match or is
///          forbidden, naming the option.
/// Threads: calls may overlap. Source: Fetch standard, 3.2 HTTP-CORS protocol.
class cors {
 public:
  explicit cors(cors_options options = {});

  handler operator()(handler next) const;

 private:
  class policy;
  class layer;
  std::shared_ptr<const policy> policy_;
};

}  // namespace kit::http
