#include <kit/metrics/push.hpp>

#include <utility>

#include <kit/metrics/detail/push_impl.hpp>

namespace kit::metrics {

push_exporter::push_exporter(std::unique_ptr<detail::push_impl> impl) : impl_(std::move(impl)) {}

push_exporter::~push_exporter() = default;

asio::awaitable<void> push_exporter::run() {
  return impl_->run();
}

asio::awaitable<result<void>> push_exporter::flush() {
  return impl_->flush();
}

push_stats push_exporter::stats() const noexcept {
  return impl_->stats();
}

std::vector<registration> push_exporter::observe(const registry& in) const {
  return impl_->observe(in);
}

}  // namespace kit::metrics
