#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <kit/context.hpp>
#include <kit/error.hpp>
#include <kit/http/headers.hpp>
#include <kit/http/status.hpp>
#include <transports/http/handler_options.hpp>

namespace kit::http {

/// A call of a typed endpoint when all is over: what its finalizers see. Refers to what lives as
/// long as the finalizer's call.
struct call_end {
  /// Of the answer; null when none came.
  const headers* response_headers = nullptr;
  std::optional<http::status> status;
  /// How long its content is; nothing when that isn't known, or none came.
  std::optional<std::uint64_t> response_bytes;
  /// What the call returns, from whatever stage; null when it succeeds.
  const kit::error* failure = nullptr;
};

/// Runs when all is over. What it throws is dropped.
using call_finalizer = std::function<void(const context&, const call_end&)>;

/// What happens around a typed call besides encoding and decoding. All hooks run in the order
/// given, each with the context that the previous one returned; so do sending, the decoder and what
/// follows.
///
///     encode, before..., send, after..., decode, finalizers...
///
/// A failure of any of these, returned or thrown, is the call's. Finalizers run exactly once for
/// each call, also when it is cancelled, after its content is closed and its context has ended
/// (unless `keep_body_open`).
///
/// Threads: calls overlap, so functions given here must bear that. They run in the coroutine of the
/// call and must not block.
/// Source: Go kit's package transport/http, ClientOption.
struct endpoint_options {
  /// Before sending. May change the request.
  std::vector<before_hook> before = {};
  /// When the answer has come, before decoding.
  std::vector<after_hook> after = {};
  std::vector<call_finalizer> finalizers = {};
  /// Leaves streamed content open after decoding: the decoder has put it into its Resp, whose owner
  /// reads it; destroying it ends the transfer. With a `client::streaming()` endpoint.
  bool keep_body_open = false;
  /// Sends what is left of the context's deadline, and all of its metadata, to whatever URL is
  /// called; see `propagation.hpp`. Switch it off for calls to third parties.
  bool propagate = true;
  /// The field for the key in the context's `kit::outgoing_credentials`, which are sent whatever
  /// `propagate` is: they're for this call. `Authorization` is the other one's.
  std::string api_key_field = "X-API-Key";

  bool has_hooks() const noexcept {
    return !before.empty() || !after.empty() || !finalizers.empty();
  }
};

}  // namespace kit::http
