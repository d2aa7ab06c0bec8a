#pragma once

#include <functional>
#include <memory>
#include <string>

#include <kit/classify.hpp>
#include <kit/interceptor.hpp>
#include <kit/tracing/tracer.hpp>

namespace kit::middleware {

/// Settings of `tracing`. Its functions are called for each call that is recorded, at once on
/// several threads.
struct tracing_options {
  /// What the span is called; empty: as the endpoint is, or `endpoint` where that has no name.
  std::string name = {};
  /// Gives a name to each span that is recorded; empty, or an empty result: the one above.
  std::function<std::string(const call&)> name_of = {};
  kit::tracing::span_kind kind = kit::tracing::span_kind::internal;
  /// Of each span, and what a function adds when the call begins. Samplers don't see them.
  kit::tracing::attributes attributes = {};
  std::function<kit::tracing::attributes(const call&)> attributes_of = {};
  /// What counts as an error of the span. Business errors by `classify::business_errors()`.
  kit::classify classify = {};
};

/// Puts each call of an endpoint into a span: the child of the caller's, and the current one in
/// there.
///
/// The span of a call that failed has `error.type`, the code's name; if that counts as an error,
/// also the status `error` and the message. It has `gokit.business.error`, the text of a business
/// error, and of an error that a retry gave up with `gokit.retry.error.1` and so on. A call that is
/// cancelled, or destroyed, fails with `canceled`.
///
/// An interceptor: fuses with its neighbours. Threads: any.
/// Source: Go kit's packages tracing/opentracing and tracing/opencensus, TraceEndpoint.
class tracing {
 public:
  static constexpr bool timed = false;

  explicit tracing(kit::tracing::tracer tracer, tracing_options options = {});

  struct state {
    kit::tracing::span span;
  };
  void enter(call& c, state& s);
  void leave(call& c, state& s) noexcept;

 private:
  struct shared;
  std::shared_ptr<const shared> shared_;
};

}  // namespace kit::middleware
