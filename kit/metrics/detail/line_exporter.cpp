#include <kit/metrics/detail/line_exporter.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <kit/error.hpp>
#include <kit/metrics/detail/passing.hpp>
#include <kit/periodic.hpp>

namespace kit::metrics::detail {
namespace {

using fate = line_group::fate;

constexpr std::chrono::seconds close_timeout{5};
constexpr std::size_t pieces_at_once = 32;  // then others of the loop have their turn

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

line_exporter::line_exporter(registry metrics, std::shared_ptr<sender> to, encoder encode,
                             push_options options)
    : push_impl(std::move(options)),
      metrics_(std::move(metrics)),
      to_(std::move(to)),
      encode_(std::move(encode)) {
  if (!to_) throw error(errc::invalid_argument, "a metrics exporter: has no sender");
}

asio::awaitable<void> line_exporter::run() {
  const closing at_the_end(*to_);
  co_await push_impl::run();
  co_await asio::this_coro::throw_if_cancelled(false);  // a second one, too, was for the flush
  co_await drain_within(close_timeout, to_->close());   // closed it is, also after that
}

asio::awaitable<result<void>> line_exporter::flush() {
  if (const auto ec = co_await to_->open()) {
    add(counted().failures, 1);
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
  std::size_t pieces = 0;
  for (std::size_t first = 0; first < batch.groups.size();) {
    if (++pieces % pieces_at_once == 0) co_await asio::post(asio::use_awaitable);
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
    add(counted().bytes_sent, sent.size);
    if (!sent.error) continue;
    add(counted().failures, 1);
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
  add(counted().values_sent, sent);
  add(counted().values_lost, lost);
}

result<void> line_exporter::failed(const std::error_code& why) const {
  return fail(to_error(why).code(), "metrics to " + to_->address() + ": " + why.message());
}

}  // namespace kit::metrics::detail
