#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>

#include <kit/clock.hpp>
#include <kit/context.hpp>
#include <kit/random.hpp>
#include <kit/result.hpp>
#include <kit/this_context.hpp>
#include <kit/tracing/sampler.hpp>
#include <kit/tracing/span.hpp>

namespace kit::tracing {

/// Gets the spans that a tracer records: an exporter's queue, a ring in memory.
/// Threads: called from any thread, also at once. Must not block or throw.
class span_processor {
 public:
  span_processor() = default;
  span_processor(const span_processor&) = delete;
  span_processor& operator=(const span_processor&) = delete;
  virtual ~span_processor() = default;

  /// Whether it wants spans that aren't sampled, too: then all are recorded. Asked once, when the
  /// tracer is made.
  virtual bool wants_unsampled() const noexcept { return false; }
  virtual void on_start(const span&) noexcept {}
  virtual void on_end(const std::shared_ptr<const span_data>& ended) noexcept = 0;
};

/// How much a span keeps; what is above is counted and dropped.
struct span_limits {
  std::size_t attributes = 128;
  std::size_t events = 128;
  std::size_t links = 128;
  /// Bytes of a name, of an attribute's text, and of a status' message.
  std::size_t text_bytes = 4096;
};

/// Settings of a `tracer`.
struct tracer_options {
  /// What the process says of itself; `service.name` at least.
  tracing::resource resource = {};
  tracing::sampler sampler = parent_based(always_sample());
  /// Who gets the spans. Without one, none is recorded, and the sampler's decision only travels.
  std::vector<std::shared_ptr<span_processor>> processors = {};
  span_limits limits = {};
  /// Servers' spans take the id of the caller's span instead of one of their own, as Zipkin has it.
  bool shared_spans = false;
  /// Where ids come from. Nothing: seeded by the operating system.
  std::optional<random_source> random = {};
  /// Measures spans that aren't told when they start and end; null: the steady clock. Must outlive
  /// the tracer and its spans.
  const kit::clock* clock = nullptr;
  /// Says when they start, for others to read. Empty: the system's clock.
  std::function<wall_time()> wall_now = {};
};

/// What is known of a span when it starts.
struct span_options {
  span_kind kind = span_kind::internal;
  tracing::attributes attributes = {};
  std::vector<span_link> links = {};
  /// By the tracer's clock; nothing: now.
  std::optional<time_point> start = {};
  /// Says what now is, for a span that is recorded or whose sampler asks. Null: the tracer's clock.
  const kit::clock* clock = nullptr;
  /// Starts a trace of its own, linked to the context's span: for what comes from strangers.
  bool new_root = false;
};

/// Starts spans. A small handle; copies are the same tracer. The default one records nothing, and
/// its spans are not valid.
/// Threads: any.
class tracer {
 public:
  tracer() noexcept = default;
  /// Errors: throws `errc::invalid_argument` for a processor that is null.
  explicit tracer(tracer_options options);

  explicit operator bool() const noexcept { return core_ != nullptr; }
  /// Whether a span could be recorded: somebody would get it.
  bool records() const noexcept;

  /// A child of the context's current span, or of none a root. A span that the sampler has dropped
  /// isn't recorded, costs no allocation and still has ids.
  span start(std::string_view name, const context& parent, const span_options& options = {}) const;

  /// Runs `work` in a span of its own:
  ///
  ///     user u = co_await tracer.in_span("load user", load(id));
  ///
  /// The span is current in there, is the child of the caller's, ends with the work, and has its
  /// error: an exception, or that of a `result`.
  /// Errors: what `work` throws. Cancellation: as in `with_context`. Lifetime: `work` lives in the
  /// frame.
  template <class T>
  asio::awaitable<T> in_span(std::string name, asio::awaitable<T> work,
                             span_options options = {}) const {
    return run(*this, std::move(name), std::move(work), std::move(options));
  }

  /// The current time by the tracer's clock.
  time_point now() const noexcept;

 private:
  friend class detail::span_recorder;
  struct core;
  class start_clock;

  template <class T>
  static asio::awaitable<T> run(tracer t, std::string name, asio::awaitable<T> work,
                                span_options options) {
    const context ctx = co_await this_context();
    const span s = t.start(name, ctx, options);
    const ended_span end(s);
    try {
      if constexpr (kit::detail::is_result<T>) {
        T r = co_await with_context(with_span(ctx, s), std::move(work));
        if (!r) s.set_error(r.error());
        co_return r;
      } else {
        co_return co_await with_context(with_span(ctx, s), std::move(work));
      }
    } catch (...) {
      s.set_error(to_error(std::current_exception()));
      throw;
    }
  }

  struct ended_span {
    explicit ended_span(const span& s) noexcept : it(s) {}
    ended_span(const ended_span&) = delete;
    ~ended_span() { it.end(); }
    const span& it;
  };

  std::shared_ptr<core> core_;
};

}  // namespace kit::tracing
