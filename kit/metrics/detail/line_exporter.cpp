#include <kit/metrics/detail/line_exporter.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include <asio/buffer.hpp>
#include <asio/error.hpp>

#include <kit/error.hpp>
#include <kit/periodic.hpp>

namespace kit::metrics::detail {
namespace {

using fate = line_group::fate;
using tally = std::atomic<std::uint64_t>;

constexpr std::chrono::seconds close_timeout{5};

void add(tally& to, std::uint64_t n) noexcept {
  to.fetch_add(n, std::memory_order_relaxed);
}

// The next datagram may go well after this one did not.
bool passing(const std::error_code& ec) noexcept {
  return ec == asio::error::would_block || ec == asio::error::try_again ||
         ec == asio::error::no_buffer_space || ec == asio::error::message_size;
}

// The first group that no longer fits behind those from `first`, of which one always does.
std::size_t end_of_piece(const line_batch& batch, std::size_t first, std::size_t begin,
                         std::size_t max_size) {
  std::size_t end = first + 1;
  while (end < batch.groups.size() && batch.groups[end].end - begin <= max_size)
    ++end;
  return end;
}

// What the server knows of a series that it was not told about.
void put_back(point& now, const family& f, const snapshot& last, std::vector<point*>& unknown) {
  const auto* known = last.find(f.name);
  if (known && known->kind == f.kind) {
    const auto before = std::ranges::lower_bound(known->points, now.values, {}, &point::values);
    if (before != known->points.end() && before->values == now.values) {
      now = *before;
      return;
    }
  }
  unknown.push_back(&now);
}

// Closes when the loop is destroyed, too.
class closing {
 public:
  explicit closing(sender& s) noexcept : sender_(s) {}
  closing(const closing&) = delete;
  closing& operator=(const closing&) = delete;
  ~closing() {
    try {
      static_cast<void>(sender_.close());  // what it returns only waits
    } catch (...) {                        // there is no memory to wait with
    }
  }

 private:
  sender& sender_;
};

}  // namespace

struct line_exporter::counts {
  tally values_sent{0};
  tally values_lost{0};
  tally bytes_sent{0};
  tally failures{0};
};

line_exporter::line_exporter(registry metrics, std::shared_ptr<sender> to, encoder encode,
                             push_options options)
    : metrics_(std::move(metrics)),
      to_(std::move(to)),
      encode_(std::move(encode)),
      options_(std::move(options)),
      counts_(std::make_shared<counts>()) {
  const auto require = [](bool right, const char* what) {
    if (!right) throw error(errc::invalid_argument, what);
  };
  require(to_ != nullptr, "a metrics exporter: has no sender");
  require(options_.interval > duration::zero(), "push_options::interval: must be positive");
  require(options_.drain_timeout >= duration::zero(),
          "push_options::drain_timeout: must not be negative");
}

asio::awaitable<void> line_exporter::run() {
  const closing at_the_end(*to_);
  co_await run_periodically([this] { return round(); }, {.period = options_.interval,
                                                         .drain_timeout = options_.drain_timeout,
                                                         .on_error = options_.on_error});
  co_await drain_within(close_timeout, to_->close());  // closed it is, also after that
}

asio::awaitable<void> line_exporter::round() {
  if (const auto sent = co_await flush(); !sent) throw sent.error();
}

asio::awaitable<result<void>> line_exporter::flush() {
  if (const auto ec = co_await to_->open()) {
    add(counts_->failures, 1);
    co_return failed(ec);
  }
  auto now = metrics_.collect();
  auto batch = encode_(last_, now);
  std::error_code ec;
  std::exception_ptr thrown;
  try {
    ec = co_await send_all(batch);
  } catch (...) {
    thrown = std::current_exception();
  }
  settle(batch, std::move(now));
  if (thrown) std::rethrow_exception(thrown);
  if (ec) co_return failed(ec);
  co_return result<void>();
}

asio::awaitable<std::error_code> line_exporter::send_all(line_batch& batch) {
  std::error_code first_failure;
  std::size_t begin = 0;  // of the piece, in the text
  for (std::size_t first = 0; first < batch.groups.size();) {
    const auto end = end_of_piece(batch, first, begin, to_->max_size());
    const auto size = batch.groups[end - 1].end - begin;
    const auto sent = co_await to_->send(asio::buffer(batch.text.data() + begin, size));
    const auto out = begin + sent.size;
    for (; first < end; ++first) {
      auto& g = batch.groups[first];
      if (g.end <= out) {
        g.state = fate::sent;
      } else if (sent.error == asio::error::message_size) {
        g.state = fate::lost;  // it won't be shorter the next time
      }
    }
    begin += size;
    add(counts_->bytes_sent, sent.size);
    if (!sent.error) continue;
    add(counts_->failures, 1);
    if (!first_failure) first_failure = sent.error;
    if (!passing(sent.error)) break;
  }
  co_return first_failure;
}

void line_exporter::settle(const line_batch& batch, snapshot now) {
  std::uint64_t lost = batch.dropped;
  std::uint64_t sent = 0;
  std::vector<point*> unknown;  // in the order of their places
  for (const auto& g : batch.groups) {
    if (g.state == fate::sent) {
      ++sent;
    } else if (g.state == fate::lost || !g.repeatable()) {
      ++lost;
    } else {
      auto& f = now.families[g.family];
      put_back(f.points[g.point], f, last_, unknown);
    }
  }
  std::ranges::sort(unknown);
  for (auto& f : now.families) {
    std::erase_if(f.points,
                  [&](const point& p) { return std::ranges::binary_search(unknown, &p); });
  }
  std::erase_if(now.families, [](const family& f) { return f.points.empty(); });
  last_ = std::move(now);
  add(counts_->values_sent, sent);
  add(counts_->values_lost, lost);
}

result<void> line_exporter::failed(const std::error_code& why) const {
  return fail(to_error(why).code(), "metrics to " + to_->address() + ": " + why.message());
}

push_stats line_exporter::stats() const noexcept {
  return {.values_sent = counts_->values_sent.load(std::memory_order_relaxed),
          .values_lost = counts_->values_lost.load(std::memory_order_relaxed),
          .bytes_sent = counts_->bytes_sent.load(std::memory_order_relaxed),
          .failures = counts_->failures.load(std::memory_order_relaxed)};
}

std::vector<registration> line_exporter::observe(const registry& in) const {
  std::vector<registration> out;
  const auto show = [&](const char* name, const char* help, tally counts::* n) {
    out.push_back(in.observe_counter(
        {.name = name, .help = help}, {{"to", to_->address()}}, [from = counts_, n] {
          return static_cast<double>((*from.*n).load(std::memory_order_relaxed));
        }));
  };
  show("cokit_push_values_sent_total", "Values of metrics that were sent.", &counts::values_sent);
  show("cokit_push_values_lost_total", "Values of metrics that were not sent, and won't be.",
       &counts::values_lost);
  show("cokit_push_bytes_sent_total", "Bytes of metrics that were sent.", &counts::bytes_sent);
  show("cokit_push_failures_total", "Failed attempts to send metrics.", &counts::failures);
  return out;
}

}  // namespace kit::metrics::detail
