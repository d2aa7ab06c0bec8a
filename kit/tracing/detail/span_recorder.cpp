#include <kit/tracing/detail/span_recorder.hpp>

#include <algorithm>
#include <utility>

#include <kit/codec/utf8.hpp>
#include <kit/detail/utf8.hpp>

namespace kit::tracing::detail {
namespace {

// Valid UTF-8, as every exporter needs it, and not too long.
void tidy(std::string& text, std::size_t most) {
  text.resize(kit::detail::utf8_cut(text, most));
  text = to_utf8(std::move(text));
}

void tidy(attribute& a, std::size_t most) {
  tidy(a.key, most);
  if (auto* text = std::get_if<std::string>(&a.value)) {
    tidy(*text, most);
  } else if (auto* list = std::get_if<attribute::list_of_text>(&a.value)) {
    for (auto& item : *list)
      tidy(item, most);
  }
}

// Keys are unique: the last value counts, in the place of the first.
void unite(attributes& all) {
  auto end = all.begin();
  for (auto& a : all) {
    const auto same = std::ranges::find(all.begin(), end, a.key, &attribute::key);
    if (same != end) {
      same->value = std::move(a.value);
    } else {
      if (&*end != &a) *end = std::move(a);
      ++end;
    }
  }
  all.erase(end, all.end());
}

// Those of a span when it starts, of an event, of a link. Returns how many were dropped.
std::uint32_t tidy(attributes& all, const span_limits& limits) {
  std::uint32_t dropped = 0;
  if (all.size() > limits.attributes) {
    dropped = static_cast<std::uint32_t>(all.size() - limits.attributes);
    all.resize(limits.attributes);
  }
  for (auto& a : all)
    tidy(a, limits.text_bytes);
  unite(all);
  return dropped;
}

}  // namespace

std::shared_ptr<const resource> tidy(resource r, const span_limits& limits) {
  tidy(r.attributes, limits);
  return std::make_shared<const resource>(std::move(r));
}

span_recorder::span_recorder(std::shared_ptr<const tracer::core> core, span_data data,
                             time_point started)
    : started_(started), core_(std::move(core)), data_(std::move(data)) {
  const auto& limits = core_->options.limits;
  tidy(data_.name, limits.text_bytes);
  data_.dropped_attributes = tidy(data_.attributes, limits);
  if (data_.links.size() > limits.links) {
    data_.dropped_links = static_cast<std::uint32_t>(data_.links.size() - limits.links);
    data_.links.resize(limits.links);
  }
  for (auto& l : data_.links)
    data_.dropped_attributes += tidy(l.attributes, limits);
}

// A span that nobody ended: what is known of it must not be lost.
span_recorder::~span_recorder() {
  if (ended_) return;
  data_.length = std::max(core_->now() - started_, duration::zero());
  try {
    const auto ended = std::make_shared<const span_data>(std::move(data_));
    for (const auto& p : core_->options.processors)
      p->on_end(ended);
  } catch (const std::bad_alloc&) {  // lost after all
  }
}

void span_recorder::set_name(std::string_view name) {
  std::lock_guard lock(mutex_);
  if (ended_) return;
  data_.name = name;
  tidy(data_.name, core_->options.limits.text_bytes);
}

void span_recorder::set(attribute a, bool replace) {
  std::lock_guard lock(mutex_);
  if (!ended_) put(std::move(a), replace);
}

void span_recorder::put(attribute a, bool replace) {
  const auto& limits = core_->options.limits;
  tidy(a, limits.text_bytes);
  const auto same = std::ranges::find(data_.attributes, a.key, &attribute::key);
  if (same != data_.attributes.end()) {
    if (replace) same->value = std::move(a.value);
  } else if (data_.attributes.size() < limits.attributes) {
    data_.attributes.push_back(std::move(a));
  } else {
    ++data_.dropped_attributes;
  }
}

void span_recorder::add_event(std::string_view name, attributes about) {
  std::lock_guard lock(mutex_);
  if (ended_) return;
  const auto& limits = core_->options.limits;
  if (data_.events.size() >= limits.events) {
    ++data_.dropped_events;
    return;
  }
  span_event e{.time = data_.start + (core_->now() - started_),
               .name = std::string(name),
               .attributes = std::move(about)};
  data_.dropped_attributes += tidy(e.attributes, limits);
  tidy(e.name, limits.text_bytes);
  data_.events.push_back(std::move(e));
}

void span_recorder::add_link(span_link l) {
  std::lock_guard lock(mutex_);
  if (ended_) return;
  const auto& limits = core_->options.limits;
  if (data_.links.size() >= limits.links) {
    ++data_.dropped_links;
    return;
  }
  data_.dropped_attributes += tidy(l.attributes, limits);
  data_.links.push_back(std::move(l));
}

void span_recorder::set_status(span_status status, std::string_view message) {
  std::lock_guard lock(mutex_);
  if (ended_ || data_.status == span_status::ok) return;
  data_.status = status;
  data_.status_message = status == span_status::error ? message : std::string_view();
  tidy(data_.status_message, core_->options.limits.text_bytes);
}

void span_recorder::end(const std::shared_ptr<span_recorder>& self,
                        std::optional<time_point> when) {
  std::shared_ptr<const tracer::core> core;
  {
    std::lock_guard lock(self->mutex_);
    if (std::exchange(self->ended_, true)) return;
    core = std::move(self->core_);
    const auto now = when ? *when : core->now();
    self->data_.length = std::max(now - self->started_, duration::zero());
  }
  const std::shared_ptr<const span_data> ended(self, &self->data_);
  for (const auto& p : core->options.processors)
    p->on_end(ended);
}

span_data span_recorder::data() const {
  std::lock_guard lock(mutex_);
  return data_;
}

}  // namespace kit::tracing::detail
