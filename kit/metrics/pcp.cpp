#include <kit/metrics/pcp.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <unistd.h>

#include <kit/http/syntax.hpp>
#include <kit/metrics/detail/mapped_file.hpp>
#include <kit/metrics/detail/mmv.hpp>
#include <kit/periodic.hpp>

namespace kit::metrics {
namespace {

void check(const pcp_options& o) {
  const auto refuse = [](const char* what) {
    throw error(errc::invalid_argument, std::string("pcp_options::") + what);
  };
  const bool plain = std::ranges::all_of(
      o.app, [](char c) { return http::is_alpha(c) || http::is_digit(c) || c == '_'; });
  if (o.app.empty() || o.app.size() > 63 || !http::is_alpha(o.app.front()) || !plain) {
    refuse("app: must be letters, digits and underlines, a letter first");
  }
  if (o.interval <= duration::zero()) refuse("interval: must be positive");
}

std::uint64_t seconds_of(wall_time t) {
  const auto since = std::chrono::floor<std::chrono::seconds>(t.time_since_epoch());
  return static_cast<std::uint64_t>(std::max<std::int64_t>(since.count(), 1));
}

}  // namespace

std::filesystem::path pcp_directory() {
  constexpr std::string_view key = "PCP_TMP_DIR=";
  // Threads must not change the environment, as usual.
  const char* const set = std::getenv("PCP_TMP_DIR");  // NOLINT(concurrency-mt-unsafe)
  if (set && *set) {
    return std::filesystem::path(set) / "mmv";
  }
  std::ifstream file("/etc/pcp.conf");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(key)) return std::filesystem::path(line.substr(key.size())) / "mmv";
  return "/var/lib/pcp/tmp/mmv";
}

class pcp_exporter::impl {
 public:
  impl(registry metrics, pcp_options o)
      : metrics_(std::move(metrics)),
        options_((check(o), std::move(o))),
        path_((options_.directory.empty() ? pcp_directory() : options_.directory) / options_.app) {
    std::error_code ignored;  // making the file says so, too
    std::filesystem::create_directory(path_.parent_path(), ignored);
    update();
  }

  ~impl() { invalidate(); }

  void update() {
    const auto now = metrics_.collect();
    if (!layout_ || !layout_->fits(now) || !file_.in_place() || !file_.whole()) return replace(now);
    layout_->write_values(now, file_.bytes());
  }

  const std::filesystem::path& path() const noexcept { return path_; }
  const pcp_options& options() const noexcept { return options_; }

 private:
  void replace(const snapshot& now) {
    detail::mmv_layout layout(now, ids_);
    const auto generation = std::max(seconds_of(now.time), generation_ + 1);
    detail::mapped_file file(
        path_, layout.file(generation, ::getpid(), detail::fnv1a(options_.app) & 0xfff));
    layout.write_values(now, file.bytes());
    detail::mmv_layout::write_generation(generation, file.bytes());
    file.publish();
    invalidate();
    file_ = std::move(file);
    layout_.emplace(std::move(layout));
    generation_ = generation;
  }

  // Tells those that still have the old file to look again.
  void invalidate() noexcept {
    if (layout_ && file_.whole()) detail::mmv_layout::write_generation(0, file_.bytes());
  }

  const registry metrics_;
  const pcp_options options_;
  const std::filesystem::path path_;
  detail::mmv_ids ids_;
  std::optional<detail::mmv_layout> layout_;
  detail::mapped_file file_;
  std::uint64_t generation_ = 0;
};

pcp_exporter::pcp_exporter(registry metrics, pcp_options options)
    : impl_(std::make_unique<impl>(std::move(metrics), std::move(options))) {}

pcp_exporter::~pcp_exporter() = default;

asio::awaitable<void> pcp_exporter::run() {
  const auto round = [](impl* self) -> asio::awaitable<void> {
    self->update();
    co_return;
  };
  return run_periodically(
      [self = impl_.get(), round] { return round(self); },
      {.period = impl_->options().interval, .on_error = impl_->options().on_error});
}

void pcp_exporter::update() {
  impl_->update();
}

const std::filesystem::path& pcp_exporter::path() const noexcept {
  return impl_->path();
}

}  // namespace kit::metrics
