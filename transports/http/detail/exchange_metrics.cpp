#include <transports/http/detail/exchange_metrics.hpp>

#include <chrono>
#include <functional>
#include <new>
#include <utility>

namespace kit::http::detail {
namespace {

metrics::bucket_layout sizes() {
  return metrics::geometric_buckets(64, 4, 12);  // to 256 MiB
}

std::size_t hash_of(const exchange_key& k) noexcept {
  const auto small = static_cast<std::size_t>(k.method) << 24U |
                     static_cast<std::size_t>(k.status) << 8U | static_cast<std::size_t>(k.failure);
  return std::hash<std::string_view>{}(k.place) ^ small * 0x9e3779b97f4a7c15U;
}

std::string error_type(const exchange_key& k, int errors_from) {
  if (k.failure != errc::ok) return std::string(name(k.failure));
  return k.status >= errors_from ? std::to_string(k.status) : std::string();
}

// As many different servers as a client likes aren't told apart.
constexpr std::size_t most_nodes = 4'096;
constexpr std::string_view other = "other";

}  // namespace

struct exchange_metrics::node {
  exchange_key key;  // its place is in `place`
  std::string place;
  exchange_series series;
  const node* next = nullptr;

  bool matches(const exchange_key& k) const noexcept {
    return key.method == k.method && key.status == k.status && key.failure == k.failure &&
           place == k.place;
  }
};

exchange_metrics::exchange_metrics(const metrics::registry& registry, const std::string& prefix,
                                   std::string_view place, int errors_from,
                                   metrics::bucket_layout durations)
    : errors_from_(errors_from),
      active_(registry.up_down_counter(
          {.name = prefix + "_active_requests", .help = "Requests under way."})) {
  const std::string_view labels[] = {"http_request_method", place, "http_response_status_code",
                                     "error_type"};
  duration_ = registry.histogram({.name = prefix + "_request_duration_seconds",
                                  .help = "From the request to the end of its answer.",
                                  .unit = "seconds",
                                  .buckets = std::move(durations)},
                                 labels);
  request_size_ = registry.histogram({.name = prefix + "_request_body_size_bytes",
                                      .help = "Content of requests.",
                                      .unit = "bytes",
                                      .buckets = sizes()},
                                     labels);
  response_size_ = registry.histogram({.name = prefix + "_response_body_size_bytes",
                                       .help = "Content of answers.",
                                       .unit = "bytes",
                                       .buckets = sizes()},
                                      labels);
}

exchange_metrics::~exchange_metrics() {
  for (auto& first : table_) {
    for (const node* n = first.load(std::memory_order_relaxed); n;)
      delete std::exchange(n, n->next);
  }
}

void exchange_metrics::observe(const exchange_key& key, duration took,
                               std::optional<std::uint64_t> request_bytes,
                               std::optional<std::uint64_t> response_bytes) noexcept {
  try {
    const auto& s = series(key);
    s.duration.observe(std::chrono::duration<double>(took).count());
    if (request_bytes) s.request_size.observe(static_cast<double>(*request_bytes));
    if (response_bytes) s.response_size.observe(static_cast<double>(*response_bytes));
  } catch (const std::bad_alloc&) {  // then it isn't counted
  }
}

const exchange_series& exchange_metrics::series(const exchange_key& key) {
  auto& first = table_[hash_of(key) % places];
  const auto find = [&key](const node* n) {
    while (n && !n->matches(key))
      n = n->next;
    return n;
  };
  if (const auto* n = find(first.load(std::memory_order_acquire))) return n->series;
  std::unique_lock lock(mutex_);
  const node* head = first.load(std::memory_order_relaxed);
  if (const auto* n = find(head)) return n->series;
  if (nodes_ >= most_nodes && key.place != other) {
    lock.unlock();
    auto k = key;
    k.place = other;
    return series(k);
  }
  auto made = make(key);
  ++nodes_;
  made->next = head;
  first.store(made.get(), std::memory_order_release);
  return made.release()->series;
}

std::unique_ptr<exchange_metrics::node> exchange_metrics::make(const exchange_key& key) const {
  auto n = std::make_unique<node>(node{.key = key, .place = std::string(key.place), .series = {}});
  n->key.place = {};
  const bool known = key.method != http::method::custom;
  const std::string method(known ? http::method(key.method).name() : "_OTHER");
  const std::string status = key.status == 0 ? "" : std::to_string(key.status);
  const auto error = error_type(key, errors_from_);
  n->series = {duration_.with(method, key.place, status, error),
               request_size_.with(method, key.place, status, error),
               response_size_.with(method, key.place, status, error)};
  return n;
}

}  // namespace kit::http::detail
