#include <kit/log/levels.hpp>

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include <kit/http/syntax.hpp>

namespace kit::log {
namespace {

using settings_map = std::map<std::string, std::optional<level>, std::less<>>;

std::optional<level> effective(const settings_map& set, std::string_view name) {
  for (;;) {
    if (const auto found = set.find(name); found != set.end()) return found->second;
    if (name.empty()) return level::info;
    const auto dot = name.rfind('.');
    name = name.substr(0, dot == name.npos ? 0 : dot);
  }
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(' ') + 1 - first);
}

result<std::optional<level>> parse_minimum(std::string_view text) {
  if (http::iequals(trimmed(text), "none")) return std::optional<level>();
  auto l = parse_level(text);
  if (!l) return fail(errc::invalid_argument, "log levels: no level: " + std::string(text));
  return std::optional<level>(*l);
}

}  // namespace

struct levels::state {
  using watched = std::map<std::string, std::weak_ptr<detail::threshold>, std::less<>>;

  std::mutex mutex;
  settings_map set;
  watched thresholds;
  std::size_t purge_at = 64;

  void update() {
    for (const auto& [name, weak] : thresholds) {
      if (const auto t = weak.lock()) {
        t->store(detail::rank(effective(set, name)), std::memory_order_relaxed);
      }
    }
  }
  /// Forgets the names of loggers that have gone, so that names may come and go.
  void purge() {
    if (thresholds.size() < purge_at) return;
    std::erase_if(thresholds, [](const auto& t) { return t.second.expired(); });
    purge_at = std::max<std::size_t>(64, 2 * thresholds.size());
  }
};

levels::levels(level root) : state_(std::make_shared<state>()) {
  state_->set.emplace("", root);
}

levels::levels(std::nullopt_t) : state_(std::make_shared<state>()) {
  state_->set.emplace("", std::nullopt);
}

void levels::set(std::string_view name, std::optional<level> minimum) {
  const std::lock_guard lock(state_->mutex);
  state_->set.insert_or_assign(std::string(name), minimum);
  state_->update();
}

void levels::reset(std::string_view name) {
  const std::lock_guard lock(state_->mutex);
  if (const auto found = state_->set.find(name); found != state_->set.end()) {
    state_->set.erase(found);
  }
  state_->update();
}

result<void> levels::apply(std::string_view text) {
  std::vector<std::pair<std::string, std::optional<level>>> parsed;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto part = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (trimmed(part).empty()) continue;
    const auto equals = part.find('=');
    const auto name = equals == part.npos ? std::string_view() : trimmed(part.substr(0, equals));
    if (equals != part.npos && name.empty()) {
      return fail(errc::invalid_argument, "log levels: no name: " + std::string(part));
    }
    const auto minimum = parse_minimum(equals == part.npos ? part : part.substr(equals + 1));
    if (!minimum) return fail(minimum.error());
    parsed.emplace_back(name, *minimum);
  }
  const std::lock_guard lock(state_->mutex);
  for (auto& [name, minimum] : parsed)
    state_->set.insert_or_assign(std::move(name), minimum);
  state_->update();
  return {};
}

std::optional<level> levels::get(std::string_view name) const {
  const std::lock_guard lock(state_->mutex);
  return effective(state_->set, name);
}

settings_map levels::settings() const {
  const std::lock_guard lock(state_->mutex);
  return state_->set;
}

std::shared_ptr<const detail::threshold> levels::watch(std::string_view name) const {
  const std::lock_guard lock(state_->mutex);
  if (const auto found = state_->thresholds.find(name); found != state_->thresholds.end()) {
    if (auto t = found->second.lock()) return t;
  }
  auto t = std::make_shared<detail::threshold>(detail::rank(effective(state_->set, name)));
  state_->purge();
  state_->thresholds.insert_or_assign(std::string(name), t);
  return t;
}

}  // namespace kit::log
