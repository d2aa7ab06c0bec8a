#include <kit/metrics/detail/family_state.hpp>

#include <algorithm>
#include <utility>

#include <kit/codec/utf8.hpp>
#include <kit/error.hpp>
#include <kit/metrics/detail/names.hpp>
#include <kit/metrics/labelled.hpp>

namespace kit::metrics::detail {
namespace {

constexpr std::string_view other = "other";
constexpr std::size_t most_unit_text = 63;

bool is_printable(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

void check_labels(const family_info& info, const std::function<void(bool, std::string)>& require) {
  for (const auto& name : info.labels) {
    require(valid_label_name(name), "'" + name + "' is no label name");
    require(std::ranges::count(info.labels, name) == 1, "label '" + name + "' is there twice");
    const bool reserved =
        info.kind == metric_kind::histogram && (name == "le" || name == "quantile");
    require(!reserved, "a histogram has a label '" + name + "' of its own");
  }
}

}  // namespace

void require_valid(const family_info& info) {
  const auto require = [&](bool right, const std::string& what) {
    if (!right) throw error(errc::invalid_argument, "metric '" + info.name + "': " + what);
  };
  require(valid_metric_name(info.name), "that is no metric name");
  require(is_utf8(info.help), "help: must be UTF-8");
  require(info.unit.size() <= most_unit_text && is_printable(info.unit),
          "unit: must be printable ASCII, at most 63 characters");
  check_labels(info, require);
  if (info.kind != metric_kind::histogram) return;
  try {
    metrics::require_valid(info.buckets);
  } catch (const error& e) {
    require(false, e.what());
  }
  for (const double q : info.quantiles)
    require(q >= 0 && q <= 1, "quantiles: must be from 0 to 1");
  require(std::ranges::is_sorted(info.quantiles, std::ranges::less_equal()),
          "quantiles: must increase");
}

family_state::family_state(family_info info, clock now, std::shared_ptr<family_state> overflow)
    : info_(std::move(info)),
      parts_(std::make_shared<family_parts>(info_.name, info_.kind, info_.unit, info_.labels,
                                            std::move(now))),
      overflow_(std::move(overflow)) {
  if (info_.kind != metric_kind::histogram) return;
  if (const auto* e = std::get_if<explicit_buckets>(&info_.buckets)) {
    division_ = std::make_shared<const explicit_series::division>(e->bounds);
  } else {
    division_ = std::make_shared<const exponential_series::division>(
        std::get<exponential_buckets>(info_.buckets));
  }
}

std::shared_ptr<series> family_state::make(std::vector<std::string> values) const {
  switch (info_.kind) {
    case metric_kind::counter:
    case metric_kind::up_down_counter:
      return std::make_shared<sum_series>(parts_, std::move(values));
    case metric_kind::gauge:
      return std::make_shared<gauge_series>(parts_, std::move(values));
    case metric_kind::histogram:
      break;
  }
  if (const auto* bounds = std::get_if<1>(&division_))
    return std::make_shared<explicit_series>(parts_, std::move(values), *bounds);
  return std::make_shared<exponential_series>(parts_, std::move(values), std::get<2>(division_));
}

std::shared_ptr<series> family_state::find_or_make(std::span<const std::string_view> values) {
  bool overflowed = false;
  auto found = find_or_make(values, overflowed);
  if (overflowed) count_overflow();
  if (dynamic_cast<const observed_series*>(found.get())) {
    throw error(errc::already_exists,
                "metric '" + info_.name + "': a function says the value of that series");
  }
  return found;
}

std::shared_ptr<series> family_state::find_or_make(std::span<const std::string_view> values,
                                                   bool& overflowed) {
  const std::lock_guard lock(mutex_);
  if (const auto found = series_.find(values); found != series_.end()) return found->second;
  std::vector<std::string> texts;
  for (const auto value : values)
    texts.push_back(with_question_marks(value));
  const auto place = series_.lower_bound(texts);  // what was no UTF-8 may be there now
  if (place != series_.end() && place->first == texts) return place->second;

  const std::size_t distinct = series_.size() - (other_ ? 1 : 0);
  if (distinct < info_.max_series || texts.empty()) {
    auto made = make(texts);
    series_.emplace_hint(place, std::move(texts), made);
    return made;
  }
  overflowed = true;
  if (!other_) {
    texts.assign(texts.size(), std::string(other));
    auto& row = series_[texts];
    if (!row) row = make(texts);
    other_ = row;
  }
  return other_;
}

void family_state::count_overflow() const {
  if (!overflow_) return;
  const std::string_view name[] = {info_.name};
  if (auto* sum = dynamic_cast<sum_series*>(overflow_->find_or_make(name).get())) sum->add(1);
}

bool family_state::remove(std::span<const std::string_view> values) {
  const std::lock_guard lock(mutex_);
  const auto found = series_.find(values);
  if (found == series_.end()) return false;
  if (found->second == other_) other_ = nullptr;
  series_.erase(found);
  return true;
}

std::shared_ptr<observed_series> family_state::observe(std::span<const std::string_view> values,
                                                       std::function<double()> f) {
  std::vector<std::string> texts;
  for (const auto value : values)
    texts.push_back(with_question_marks(value));
  auto made = std::make_shared<observed_series>(parts_, texts, std::move(f));
  const std::lock_guard lock(mutex_);
  if (!series_.try_emplace(std::move(texts), made).second) {
    throw error(errc::already_exists, "metric '" + info_.name + "': there is such a series");
  }
  return made;
}

void family_state::remove(const observed_series& which) {
  const std::lock_guard lock(mutex_);
  const auto found = series_.find(which.values());
  if (found != series_.end() && found->second.get() == &which) series_.erase(found);
}

family family_state::read() const {
  std::vector<std::shared_ptr<series>> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [values, s] : series_)
      all.push_back(s);
  }
  family f{info_.kind, info_.name, info_.help, info_.unit, info_.labels, info_.quantiles, {}};
  for (const auto& s : all) {
    point p;
    if (s->read(p)) f.points.push_back(std::move(p));
  }
  return f;
}

std::shared_ptr<series> series_of(family_state& family, std::span<const std::string_view> values) {
  return family.find_or_make(values);
}
bool remove_series(family_state& family, std::span<const std::string_view> values) {
  return family.remove(values);
}

}  // namespace kit::metrics::detail
