#include <kit/log/logger.hpp>

#include <exception>
#include <memory>
#include <vector>

#include <kit/detail/pool.hpp>
#include <kit/log/fields.hpp>
#include <kit/this_context.hpp>
#include <kit/tracing/span_context.hpp>

namespace kit::log {
namespace {

/// What a record is put together in, kept so that most records allocate nothing.
struct workspace {
  std::string line;
  std::string ids;
  std::vector<field> fields;

  void clear() {
    line.clear();
    ids.clear();
    fields.clear();
  }
  void add(const detail::stored_fields& stored) {
    for (const auto& f : stored)
      fields.push_back(f.view());
  }
  void add(const tracing::span_context& span) {
    tracing::append(ids, span.trace_id);
    const auto split = ids.size();
    tracing::append(ids, span.span_id);
    const std::string_view all = ids;
    fields.push_back({"trace_id", all.substr(0, split)});
    fields.push_back({"span_id", all.substr(split)});
  }
};

constinit kit::detail::pool<workspace> workspaces;

/// A workspace that held a longer line than this is not kept, in bytes.
constexpr std::size_t longest_kept = 64 * 1024;

void report(const std::function<void(const kit::error&)>& handler, const kit::error& e) noexcept {
  if (!handler) return;
  try {
    handler(e);
  } catch (...) {  // NOLINT(bugprone-empty-catch): nobody is left to be told
  }
}

}  // namespace

struct logger::core final : detail::logger_head {
  explicit core(logger_options o) : options(std::make_shared<const logger_options>(std::move(o))) {
    default_level = options->default_level;
    squelch_unlevelled = options->squelch_unlevelled;
    reports_dropped =
        options->on_error && (options->not_allowed.has_value() || options->no_level.has_value());
  }

  void collect(workspace& w, std::optional<level> l, const message& m, const context& ctx,
               std::span<const field> pairs) const {
    if (l) w.fields.push_back({options->level_key, options->level_names[detail::rank(l)]});
    w.add(prefix);
    if (!name.empty() && !options->name_key.empty()) w.fields.push_back({options->name_key, name});
    w.add(middle);
    if (const auto* span = tracing::current_span(ctx)) w.add(*span);
    if (const auto* fields = detail::fields_of(ctx)) w.add(*fields);
    if (!m.text().empty()) w.fields.push_back({options->message_key, m.text()});
    w.fields.insert(w.fields.end(), pairs.begin(), pairs.end());
    w.add(suffix);
  }

  std::shared_ptr<const logger_options> options;
  std::string name;
  detail::stored_fields prefix, middle, suffix;
};

void require_valid(const logger_options& options) {
  const auto require = [](bool fine, const char* what) {
    if (!fine)
      throw kit::error(errc::invalid_argument, std::string("log::logger_options::") + what);
  };
  require(static_cast<bool>(options.encoder), "encoder is empty");
  require(!options.level_key.empty(), "level_key is empty");
  require(!options.message_key.empty(), "message_key is empty");
}

logger::logger(logger_options options) {
  require_valid(options);
  if (!options.sink) return;
  auto made = std::make_shared<core>(std::move(options));
  made->minimum = made->options->levels.watch("");
  head_ = std::move(made);
}

const logger::core& logger::state() const noexcept {
  return static_cast<const core&>(*head_);
}

logger logger::extended(place where, detail::stored_fields fields) const {
  if (!head_ || fields.empty()) return *this;
  auto made = std::make_shared<core>(state());
  auto& list = where == place::front    ? made->prefix
               : where == place::middle ? made->middle
                                        : made->suffix;
  list.insert(where == place::front ? list.begin() : list.end(),
              std::make_move_iterator(fields.begin()), std::make_move_iterator(fields.end()));
  logger out(*this);
  out.head_ = std::move(made);
  return out;
}

logger logger::named(std::string_view name) const {
  if (!head_ || name.empty()) return *this;
  auto made = std::make_shared<core>(state());
  if (!made->name.empty()) made->name += '.';
  made->name += name;
  made->minimum = made->options->levels.watch(made->name);
  logger out(*this);
  out.head_ = std::move(made);
  return out;
}

std::string_view logger::name() const noexcept {
  return head_ ? std::string_view(state().name) : std::string_view();
}

bool logger::enabled(level l, const context& ctx) const noexcept {
  return enabled(l) || (head_ && static_cast<std::uint8_t>(l) >= detail::rank(level_of(ctx)));
}

logger logger::in(const context& ctx) const {
  logger out(*this);
  out.context_ = ctx;
  out.context_minimum_ = detail::rank(level_of(ctx));
  return out;
}

asio::awaitable<logger> logger::here() const {
  return bind(*this);
}

asio::awaitable<logger> logger::bind(logger l) {
  co_return l.in(co_await this_context());
}

void logger::at(std::optional<level> l, const message& m,
                std::span<const field> pairs) const noexcept {
  if (l ? lets_through(*l) : lets_through_unlevelled()) {
    emit(l ? l : head_->default_level, m, pairs);
  }
}

void logger::emit(std::optional<level> l, const message& m,
                  std::span<const field> pairs) const noexcept {
  const logger_options& options = *state().options;
  try {
    auto w = workspaces.take();
    w->clear();
    state().collect(*w, l, m, context_, pairs);
    event e{{.level = l, .location = m.location(), .context = context_}, w->fields};
    options.encoder(w->line, e);
    options.sink->write({.level = l, .line = w->line});
    if (w->line.capacity() <= longest_kept) workspaces.give_back(std::move(w));
  } catch (...) {
    report(options.on_error, to_error(std::current_exception()));
  }
}

void logger::report_dropped(bool levelled) const noexcept {
  const logger_options& options = *state().options;
  const auto& why = levelled ? options.not_allowed : options.no_level;
  if (why) report(options.on_error, *why);
}

void logger::flush() const noexcept {
  if (!head_) return;
  try {
    state().options->sink->flush();
  } catch (...) {
    report(state().options->on_error, to_error(std::current_exception()));
  }
}

}  // namespace kit::log
