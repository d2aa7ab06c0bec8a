#include <kit/tracing/tracer.hpp>

#include <algorithm>
#include <utility>

#include <kit/error.hpp>
#include <kit/tracing/detail/span_recorder.hpp>

namespace kit::tracing {
namespace {

// Zero is no id; once in 2^64 another one has to do.
std::uint64_t id_of(random_source& random) noexcept {
  return std::max<std::uint64_t>(random(), 1);
}

bool any_wants_unsampled(const std::vector<std::shared_ptr<span_processor>>& all) {
  for (const auto& p : all) {
    if (!p) throw error(errc::invalid_argument, "tracer_options::processors: one is null");
  }
  return std::ranges::any_of(all, [](const auto& p) { return p->wants_unsampled(); });
}

sampling decide(const sampler& s, const sampling_input& in) {
  if (in.parent && has(in.parent->flags, trace_flags::debug)) return sampling::sample;
  return s(in);
}

// What goes on of the caller's flags, and what was decided here.
trace_flags flags_of(const span_context* parent, sampling decision) noexcept {
  auto flags = trace_flags::random;
  if (parent) {
    const bool ours = !parent->valid();  // the trace id
    flags = (ours ? flags : parent->flags & flags) | (parent->flags & trace_flags::debug);
  }
  return decision == sampling::sample ? flags | trace_flags::sampled : flags;
}

}  // namespace

// When a span starts. Not everybody wants to know, and reading a clock costs as much as the rest.
class tracer::start_clock final : public kit::clock {
 public:
  start_clock(const core& c, const span_options& options) noexcept : core_(c), options_(options) {}
  time_point now() const noexcept override {
    if (!now_) now_ = options_.start ? *options_.start : read();
    return *now_;
  }

 private:
  time_point read() const noexcept { return options_.clock ? options_.clock->now() : core_.now(); }

  const core& core_;
  const span_options& options_;
  mutable std::optional<time_point> now_;
};

tracer::core::core(tracer_options o)
    : options(std::move(o)),
      resource(detail::tidy(options.resource, options.limits)),
      records(!options.processors.empty()),
      records_unsampled(any_wants_unsampled(options.processors)),
      random(options.random.value_or(random_source::from_entropy()).split()) {}

tracer::tracer(tracer_options options) : core_(std::make_shared<core>(std::move(options))) {}

bool tracer::records() const noexcept {
  return core_ && core_->records;
}

time_point tracer::now() const noexcept {
  return core_ ? core_->now() : std::chrono::steady_clock::now();
}

span tracer::start(std::string_view name, const context& ctx, const span_options& options) const {
  if (!core_) return {};
  const auto* current = ctx.get<span>();
  const span_context* caller = current ? &current->context() : nullptr;
  const span_context* parent = options.new_root ? nullptr : caller;
  const start_clock clock(*core_, options);

  span_context own = core_->descend(parent, options.kind);
  const auto decision = decide(core_->options.sampler, {.parent = parent,
                                                        .trace_id = own.trace_id,
                                                        .name = name,
                                                        .kind = options.kind,
                                                        .attributes = options.attributes,
                                                        .clock = &clock});
  own.flags = flags_of(parent, decision);
  const bool recorded = decision == sampling::drop ? core_->records_unsampled : core_->records;
  if (!recorded) return span(std::move(own));

  auto data = core_->describe(std::move(own), name, options);
  data.remote_parent = data.parent.valid() && parent->remote;
  data.shared = parent && data.context.span_id == parent->span_id;
  if (options.new_root && caller && caller->valid()) data.links.push_back({.context = *caller});
  const span_context context = data.context;
  span s(context, std::make_shared<detail::span_recorder>(core_, std::move(data), clock.now()));
  for (const auto& p : core_->options.processors)
    p->on_start(s);
  return s;
}

// Who the span is: a child of that parent, the parent itself, or a root.
span_context tracer::core::descend(const span_context* parent, span_kind kind) noexcept {
  if (!parent || !parent->valid()) {
    auto numbers = random.take(3);
    const auto high = id_of(numbers), low = id_of(numbers);
    return {.trace_id = {high, low}, .span_id = {id_of(numbers)}};
  }
  span_context own{.trace_id = parent->trace_id, .state = parent->state};
  if (options.shared_spans && parent->remote && kind == span_kind::server) {
    own.span_id = parent->span_id;
    own.parent_span_id = parent->parent_span_id;
  } else {
    auto numbers = random.take(1);
    own.span_id = {id_of(numbers)};
    own.parent_span_id = parent->span_id;
  }
  return own;
}

span_data tracer::core::describe(span_context own, std::string_view name,
                                 const span_options& about) const {
  return {.context = own,
          .parent = own.parent_span_id,
          .name = std::string(name),
          .kind = about.kind,
          .start = options.wall_now ? options.wall_now() : std::chrono::system_clock::now(),
          .attributes = about.attributes,
          .links = about.links,
          .resource = resource};
}

}  // namespace kit::tracing
