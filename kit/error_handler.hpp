#pragma once

#include <concepts>
#include <functional>
#include <string_view>
#include <utility>

#include <kit/context.hpp>
#include <kit/error.hpp>

namespace kit {

/// Watches the failures of a server or client of any transport. It only watches: what is answered
/// is decided elsewhere. An empty one discards, which is the default everywhere.
/// Called on the call's executor, in the coroutine of the call, and so must not block. What it
/// throws is dropped. Threads: calls may overlap. Source: Go kit's transport.ErrorHandler.
using error_handler = std::function<void(const context&, const error&)>;

/// An error handler that logs one pair: the key `err` and the error itself.
///
///     {.error_handler = kit::log_errors([](std::string_view key, const kit::error& e) { ... })}
template <class Sink>
  requires std::invocable<const Sink&, std::string_view, const error&>
error_handler log_errors(Sink sink) {
  return [sink = std::move(sink)](const context&, const error& e) { sink("err", e); };
}

}  // namespace kit
