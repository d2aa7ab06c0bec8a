#include <kit/log/sink.hpp>

#include <utility>

namespace kit::log {

std::shared_ptr<sink> swap_sink::swap(std::shared_ptr<sink> target) noexcept {
  const std::lock_guard lock(mutex_);
  return std::exchange(target_, std::move(target));
}

std::shared_ptr<sink> swap_sink::target() const noexcept {
  const std::lock_guard lock(mutex_);
  return target_;
}

void swap_sink::write(const record& r) {
  if (const auto to = target()) to->write(r);
}

void swap_sink::flush() {
  if (const auto to = target()) to->flush();
}

}  // namespace kit::log
