#include <kit/metrics/registry.hpp>

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include <kit/error.hpp>
#include <kit/metrics/detail/family_state.hpp>
#include <kit/metrics/detail/names.hpp>
#include <kit/metrics/detail/sample_buffer.hpp>

namespace kit::metrics {
namespace {

constexpr auto unlimited = static_cast<std::size_t>(-1);

std::vector<std::string> sorted(std::span<const std::string_view> names) {
  std::vector<std::string> out(names.begin(), names.end());
  std::ranges::sort(out);
  return out;
}

// By convention names end in the unit.
std::string_view unit_in(std::string_view name) noexcept {
  const auto stem = detail::without_total(name);
  for (const std::string_view unit : {"seconds", "bytes"})
    if (stem.ends_with(unit) && stem.size() > unit.size() &&
        stem[stem.size() - unit.size() - 1] == '_') {
      return unit;
    }
  return {};
}

// The one series of a metric without labels.
std::shared_ptr<detail::series> only_series(detail::family_state& family) {
  return family.find_or_make({});
}

}  // namespace

class registry::state {
 public:
  explicit state(registry_options o) : options_(std::move(o)) {
    if (options_.max_series == 0)
      throw error(errc::invalid_argument, "registry_options::max_series: is 0");
    if (!options_.now) options_.now = std::chrono::system_clock::now;
    overflow_ = add({.kind = metric_kind::counter,
                     .name = "cokit_metrics_overflow_total",
                     .help = "Look-ups of series beyond the limit of their metric.",
                     .max_series = unlimited,
                     .labels = {"metric"}});
  }

  family_ptr add(detail::family_info info) {
    require_valid(info);
    if (info.max_series == 0) info.max_series = options_.max_series;
    if (info.unit.empty()) info.unit = unit_in(info.name);
    const std::lock_guard lock(mutex_);
    if (const auto found = families_.find(info.name); found != families_.end()) {
      if (found->second->info() == info) return found->second;
      throw error(errc::already_exists,
                  "metric '" + info.name + "': is there with another description");
    }
    const auto names = detail::exposed_names(info.name, info.kind);
    for (const auto& name : names) {
      if (const auto user = names_.find(name); user != names_.end()) {
        throw error(errc::already_exists, "metric '" + info.name + "': '" + name +
                                              "' belongs to metric '" + user->second + "'");
      }
    }
    auto made = std::make_shared<detail::family_state>(std::move(info), options_.now, overflow_);
    for (const auto& b : buffers_) {
      if (b->wants(made->parts())) made->parts().tap.attach(b);
    }
    for (const auto& name : names)
      names_.emplace(name, made->info().name);
    families_.emplace(made->info().name, made);
    return made;
  }

  snapshot collect() const {
    for (const auto& hook : copy(hooks_))
      hook->call();
    snapshot s;
    s.time = options_.now();
    for (const auto& family : all_families()) {
      auto read = family->read();
      if (!read.points.empty()) s.families.push_back(std::move(read));
    }
    return s;
  }

  std::shared_ptr<detail::callback> add_hook(std::function<void()> f) {
    auto hook = std::make_shared<detail::callback>([f = std::move(f)] {
      f();
      return 0.0;
    });
    const std::lock_guard lock(mutex_);
    hooks_.push_back(hook);
    return hook;
  }
  void remove(const detail::callback& hook) {
    const std::lock_guard lock(mutex_);
    std::erase_if(hooks_, [&](const auto& h) { return h.get() == &hook; });
  }

  void attach(const std::shared_ptr<detail::sample_buffer>& buffer) {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, family] : families_) {
      if (buffer->wants(family->parts())) family->parts().tap.attach(buffer);
    }
    buffers_.push_back(buffer);
  }
  void detach(const detail::sample_buffer& buffer) {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, family] : families_)
      family->parts().tap.detach(buffer);
    std::erase_if(buffers_, [&](const auto& b) { return b.get() == &buffer; });
  }

 private:
  std::vector<family_ptr> all_families() const {
    const std::lock_guard lock(mutex_);
    std::vector<family_ptr> all;
    all.reserve(families_.size());
    for (const auto& [name, family] : families_)
      all.push_back(family);
    return all;
  }
  template <class T>
  T copy(const T& guarded) const {
    const std::lock_guard lock(mutex_);
    return guarded;
  }

  registry_options options_;
  family_ptr overflow_;

  mutable std::mutex mutex_;  // guards the rest
  std::map<std::string, family_ptr, std::less<>> families_;
  std::map<std::string, std::string, std::less<>> names_;  // in Prometheus' formats: whose
  std::vector<std::shared_ptr<detail::callback>> hooks_;
  std::vector<std::shared_ptr<detail::sample_buffer>> buffers_;
};

registry::registry(registry_options options)
    : state_(std::make_shared<state>(std::move(options))) {}

metrics::counter registry::counter(description d) const {
  return metrics::counter(only_series(*add(metric_kind::counter, std::move(d), {}, {})));
}
metrics::up_down_counter registry::up_down_counter(description d) const {
  return metrics::up_down_counter(
      only_series(*add(metric_kind::up_down_counter, std::move(d), {}, {})));
}
metrics::gauge registry::gauge(description d) const {
  return metrics::gauge(only_series(*add(metric_kind::gauge, std::move(d), {}, {})));
}
metrics::histogram registry::histogram(histogram_description d) const {
  return metrics::histogram(only_series(*add(std::move(d), {}, {})));
}

registry::family_ptr registry::add(metric_kind kind, description d, names labels,
                                   std::span<std::uint8_t> at) const {
  return add({.kind = kind,
              .name = std::move(d.name),
              .help = std::move(d.help),
              .unit = std::move(d.unit),
              .max_series = d.max_series,
              .labels = sorted(labels)},
             labels, at);
}

registry::family_ptr registry::add(histogram_description d, names labels,
                                   std::span<std::uint8_t> at) const {
  return add({.kind = metric_kind::histogram,
              .name = std::move(d.name),
              .help = std::move(d.help),
              .unit = std::move(d.unit),
              .max_series = d.max_series,
              .labels = sorted(labels),
              .buckets = std::move(d.buckets),
              .quantiles = std::move(d.quantiles)},
             labels, at);
}

registry::family_ptr registry::add(detail::family_info info, names labels,
                                   std::span<std::uint8_t> at) const {
  for (std::size_t i = 0; i < at.size(); ++i) {
    const auto place = std::ranges::lower_bound(info.labels, labels[i]);
    at[i] = static_cast<std::uint8_t>(place - info.labels.begin());
  }
  return state_->add(std::move(info));
}

registration registry::observe_counter(description d, std::function<double()> f) const {
  return observe(metric_kind::counter, std::move(d), {}, std::move(f));
}
registration registry::observe_counter(description d, std::vector<label> labels,
                                       std::function<double()> f) const {
  return observe(metric_kind::counter, std::move(d), std::move(labels), std::move(f));
}
registration registry::observe_gauge(description d, std::function<double()> f) const {
  return observe(metric_kind::gauge, std::move(d), {}, std::move(f));
}
registration registry::observe_gauge(description d, std::vector<label> labels,
                                     std::function<double()> f) const {
  return observe(metric_kind::gauge, std::move(d), std::move(labels), std::move(f));
}

registration registry::observe(metric_kind kind, description d, std::vector<label> labels,
                               std::function<double()> f) const {
  if (!f) throw error(errc::invalid_argument, "metric '" + d.name + "': the function is empty");
  std::ranges::sort(labels);
  std::vector<std::string_view> label_names;
  std::vector<std::string_view> values;
  for (const auto& l : labels) {
    label_names.push_back(l.name);
    values.push_back(l.value);
  }
  auto family = add(kind, std::move(d), label_names, {});
  auto series = family->observe(values, std::move(f));
  return registration([family, series] {
    family->remove(*series);
    series->stop();
  });
}

registration registry::on_collect(std::function<void()> f) const {
  if (!f) throw error(errc::invalid_argument, "registry::on_collect: the function is empty");
  auto hook = state_->add_hook(std::move(f));
  return registration([hook, weak = std::weak_ptr(state_)] {
    if (const auto s = weak.lock()) s->remove(*hook);
    hook->stop();
  });
}

snapshot registry::collect() const {
  return state_->collect();
}

sample_reader registry::read_samples(sampling options) const {
  auto buffer = std::make_shared<detail::sample_buffer>(std::move(options));
  state_->attach(buffer);
  return {buffer, registration([buffer, weak = std::weak_ptr(state_)] {
            if (const auto s = weak.lock()) s->detach(*buffer);
            buffer->close();
          })};
}

}  // namespace kit::metrics
