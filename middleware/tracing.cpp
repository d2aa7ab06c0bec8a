#include <middleware/tracing.hpp>

#include <new>
#include <string_view>
#include <utility>

namespace kit::middleware {
namespace {

class call_clock final : public kit::clock {
 public:
  explicit call_clock(const call& c) noexcept : call_(c) {}
  time_point now() const noexcept override { return call_.started(); }

 private:
  const call& call_;
};

}  // namespace

struct tracing::shared {
  kit::tracing::tracer tracer;
  tracing_options options;
};

tracing::tracing(kit::tracing::tracer tracer, tracing_options options)
    : shared_(std::make_shared<const shared>(shared{std::move(tracer), std::move(options)})) {}

void tracing::enter(call& c, state& s) {
  const auto& o = shared_->options;
  std::string_view name = o.name.empty() ? c.name() : o.name;
  if (name.empty()) name = "endpoint";
  const call_clock clock(c);
  auto span = shared_->tracer.start(name, c.context(), {.kind = o.kind, .clock = &clock});
  const bool recording = span.recording();
  if (recording) s.span = span;
  c.set_context(with_span(c.context(), std::move(span)));
  if (!recording) return;
  if (o.name_of) {
    if (const auto better = o.name_of(c); !better.empty()) s.span.set_name(better);
  }
  s.span.set_all(o.attributes);
  if (o.attributes_of) s.span.set_all(o.attributes_of(c));
}

void tracing::leave(call& c, state& s) noexcept {
  if (!s.span.recording()) return;
  try {
    const auto& outcome = c.outcome();
    if (const auto business = outcome.failed()) {
      s.span.set("gokit.business.error", business->message());
      if (shared_->options.classify(outcome).failure) s.span.set_error(*business);
    } else if (const auto* e = outcome.error()) {
      s.span.set_error(*e, shared_->options.classify(outcome).failure);
    }
  } catch (const std::bad_alloc&) {  // then it is not said
  }
  s.span.end(c.ended());
}

}  // namespace kit::middleware
