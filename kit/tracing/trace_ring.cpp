#include <kit/tracing/trace_ring.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <iterator>
#include <map>
#include <mutex>
#include <new>
#include <ranges>
#include <unordered_map>
#include <utility>

#include <kit/error.hpp>

namespace kit::tracing {
namespace {

// The number is that of its start: the how-manieth of all.
struct open_span {
  weak_span span;
  std::uint64_t number = 0;
};
struct ended_span {
  std::shared_ptr<const span_data> data;
  std::uint64_t number = 0;
};

/// A trace going on.
struct pending {
  std::vector<open_span> open;
  std::vector<ended_span> ended;
  std::size_t dropped = 0;
  std::uint64_t first = 0;  // the number of the span that began it
};

struct hash_of_id {
  std::size_t operator()(const trace_id& id) const noexcept {
    return static_cast<std::size_t>(id.low ^ id.high * 0x9e3779b97f4a7c15);
  }
};

/// Some of the traces going on. By id, so that threads that work on different ones seldom meet.
struct alignas(64) shard {
  mutable std::mutex mutex;
  std::unordered_map<trace_id, pending, hash_of_id> traces;
};

/// What is noted of a trace going on with its lock held, to be read without: the last handle of a
/// span may go in `read`.
struct listed {
  listed() = default;
  listed(trace_id trace, const pending& p)
      : number(p.open.front().number), id(trace), ended(p.ended.size()) {
    for (const auto& o : p.open)
      open.push_back(o.span);
  }
  active_trace read() const {
    active_trace a{.trace_id = id, .open = {}, .ended = ended};
    for (const auto& weak : open) {
      if (auto data = weak.lock().data()) a.open.push_back(*std::move(data));
    }
    return a;
  }

  std::uint64_t number = 0;  // of its first open span
  trace_id id;
  std::size_t ended = 0;
  std::vector<weak_span> open;
};

struct kept {
  std::vector<std::deque<std::shared_ptr<const trace>>> recent;
  std::deque<std::shared_ptr<const trace>> failed;
  trace_list slowest;  // the slowest first
};

void push_front(std::deque<std::shared_ptr<const trace>>& list,
                const std::shared_ptr<const trace>& t, std::size_t most) {
  if (most == 0) return;
  if (list.size() >= most) list.pop_back();
  list.push_front(t);
}

bool slower(const std::shared_ptr<const trace>& a, const std::shared_ptr<const trace>& b) noexcept {
  return a->root().length > b->root().length;
}

void check(const trace_ring_options& o) {
  if (!std::ranges::is_sorted(o.classes, std::ranges::less_equal{}) ||
      (!o.classes.empty() && o.classes.front() <= duration::zero())) {
    throw error(errc::invalid_argument,
                "trace_ring_options::classes: must be ascending and above 0");
  }
  if (o.max_endpoints < 1) {
    throw error(errc::invalid_argument, "trace_ring_options::max_endpoints: must be at least 1");
  }
  if (o.max_spans < 1) {
    throw error(errc::invalid_argument, "trace_ring_options::max_spans: must be at least 1");
  }
  if (o.max_active < 1) {
    throw error(errc::invalid_argument, "trace_ring_options::max_active: must be at least 1");
  }
}

// The root first: of all spans without a parent here, the one that started first.
std::shared_ptr<const trace> assemble(pending p) {
  std::ranges::sort(p.ended, {}, &ended_span::number);
  const auto root =
      std::ranges::find_if(p.ended, [](const auto& s) { return s.data->local_root(); });
  if (root != p.ended.end()) std::rotate(p.ended.begin(), root, root + 1);
  trace t{.spans = {}, .dropped_spans = p.dropped};
  t.spans.reserve(p.ended.size());
  for (auto& s : p.ended)
    t.spans.push_back(std::move(s.data));
  return std::make_shared<const trace>(std::move(t));
}

}  // namespace

class trace_ring::impl {
 public:
  explicit impl(trace_ring_options o) : options((check(o), std::move(o))) {}

  void start(const span& s) {
    const auto number = numbers_.fetch_add(1, std::memory_order_relaxed);
    auto& part = shard_of(s.context().trace_id);
    std::lock_guard lock(part.mutex);
    auto found = part.traces.find(s.context().trace_id);
    if (found == part.traces.end()) {
      if (active_.load(std::memory_order_relaxed) >= options.max_active) {
        dropped.fetch_add(1, std::memory_order_relaxed);
        return;
      }
      found = part.traces.try_emplace(s.context().trace_id).first;
      found->second.first = number;
      active_.fetch_add(1, std::memory_order_relaxed);
    }
    auto& p = found->second;
    if (p.open.size() >= options.max_spans) {
      ++p.dropped;
      return;
    }
    p.open.push_back({weak_span(s), number});
  }

  void end(const std::shared_ptr<const span_data>& s) {
    if (auto complete = take_complete(s)) keep(assemble(*std::move(complete)));
  }

  std::vector<endpoint_traces> endpoints() const;
  std::shared_ptr<const trace> find(trace_id id) const;
  std::vector<active_trace> active(std::size_t most) const;
  std::optional<active_trace> find_active(trace_id id) const;

  const trace_ring_options options;
  std::atomic<std::uint64_t> dropped{0};

 private:
  static constexpr std::size_t shard_count = 16;

  shard& shard_of(const trace_id& id) noexcept { return shards_[id.low % shard_count]; }
  const shard& shard_of(const trace_id& id) const noexcept { return shards_[id.low % shard_count]; }
  std::optional<pending> take_complete(const std::shared_ptr<const span_data>& s);
  void keep(const std::shared_ptr<const trace>& t);

  std::array<shard, shard_count> shards_;
  std::atomic<std::size_t> active_{0};
  std::atomic<std::uint64_t> numbers_{0};
  mutable std::mutex mutex_;
  std::map<std::string, kept, std::less<>> kept_;
};

std::optional<pending> trace_ring::impl::take_complete(const std::shared_ptr<const span_data>& s) {
  auto& part = shard_of(s->context.trace_id);
  std::lock_guard lock(part.mutex);
  const auto found = part.traces.find(s->context.trace_id);
  if (found == part.traces.end()) return std::nullopt;
  auto& p = found->second;
  // From behind: spans mostly end in the reverse order of their starts.
  const auto same = std::ranges::find_if(p.open | std::views::reverse, [&s](const open_span& o) {
    return o.span.context().span_id == s->context.span_id;
  });
  if (same == p.open.rend()) return std::nullopt;
  const auto number = same->number;
  p.open.erase(std::next(same).base());
  // One place is that of the span that began it, as a rule the root, which ends last. Not of each
  // root here: a caller may have as many as it likes in one trace.
  if (p.ended.size() + 1 < options.max_spans || number == p.first) {
    p.ended.push_back({s, number});
  } else {
    ++p.dropped;
  }
  if (!p.open.empty()) return std::nullopt;
  std::optional<pending> complete = std::move(p);
  part.traces.erase(found);
  active_.fetch_sub(1, std::memory_order_relaxed);
  return complete;
}

void trace_ring::impl::keep(const std::shared_ptr<const trace>& t) {
  const auto& root = t->root();
  const auto above = std::ranges::upper_bound(options.classes, root.length);
  const auto latency = static_cast<std::size_t>(above - options.classes.begin());
  std::lock_guard lock(mutex_);
  auto found = kept_.find(root.name);
  if (found == kept_.end()) {
    const bool room = kept_.size() + 1 < options.max_endpoints;
    found = kept_.try_emplace(room ? root.name : "other").first;
    found->second.recent.resize(options.classes.size() + 1);
  }
  auto& k = found->second;
  push_front(k.recent[latency], t, options.recent);
  if (t->failed()) push_front(k.failed, t, options.failed);
  if (k.slowest.size() < options.slowest || (options.slowest > 0 && slower(t, k.slowest.back()))) {
    k.slowest.insert(std::ranges::upper_bound(k.slowest, t, slower), t);
    if (k.slowest.size() > options.slowest) k.slowest.pop_back();
  }
}

std::vector<endpoint_traces> trace_ring::impl::endpoints() const {
  std::lock_guard lock(mutex_);
  std::vector<endpoint_traces> all;
  for (const auto& [name, k] : kept_) {
    auto& e = all.emplace_back();
    e.endpoint = name;
    e.slowest = k.slowest;
    for (const auto& list : k.recent)
      e.recent.emplace_back(list.begin(), list.end());
    e.failed.assign(k.failed.begin(), k.failed.end());
  }
  return all;
}

std::shared_ptr<const trace> trace_ring::impl::find(trace_id id) const {
  std::lock_guard lock(mutex_);
  const auto in = [&id](const auto& list) -> std::shared_ptr<const trace> {
    for (const auto& t : list) {
      if (t->root().context.trace_id == id) return t;
    }
    return nullptr;
  };
  for (const auto& [name, k] : kept_) {
    for (const auto& list : k.recent) {
      if (auto t = in(list)) return t;
    }
    if (auto t = in(k.failed)) return t;
    if (auto t = in(k.slowest)) return t;
  }
  return nullptr;
}

std::vector<active_trace> trace_ring::impl::active(std::size_t most) const {
  std::vector<listed> found;
  for (const auto& part : shards_) {
    std::lock_guard lock(part.mutex);
    for (const auto& [id, p] : part.traces)
      found.emplace_back(id, p);
  }
  std::ranges::sort(found, {}, &listed::number);
  if (found.size() > most) found.resize(most);
  std::vector<active_trace> all;
  all.reserve(found.size());
  for (const auto& l : found)
    all.push_back(l.read());
  return all;
}

std::optional<active_trace> trace_ring::impl::find_active(trace_id id) const {
  listed found;
  {
    const auto& part = shard_of(id);
    std::lock_guard lock(part.mutex);
    const auto at = part.traces.find(id);
    if (at == part.traces.end()) return std::nullopt;
    found = listed(id, at->second);
  }
  return found.read();
}

trace_ring::trace_ring(trace_ring_options options)
    : impl_(std::make_unique<impl>(std::move(options))) {}

trace_ring::~trace_ring() = default;

void trace_ring::on_start(const span& started) noexcept {
  try {
    impl_->start(started);
  } catch (const std::bad_alloc&) {  // then it isn't kept
  }
}

void trace_ring::on_end(const std::shared_ptr<const span_data>& ended) noexcept {
  try {
    impl_->end(ended);
  } catch (const std::bad_alloc&) {  // then it isn't kept
  }
}

const trace_ring_options& trace_ring::options() const noexcept {
  return impl_->options;
}

std::vector<endpoint_traces> trace_ring::endpoints() const {
  return impl_->endpoints();
}

std::shared_ptr<const trace> trace_ring::find(trace_id id) const {
  return impl_->find(id);
}

std::vector<active_trace> trace_ring::active(std::size_t most) const {
  return impl_->active(most);
}

std::optional<active_trace> trace_ring::find_active(trace_id id) const {
  return impl_->find_active(id);
}

std::uint64_t trace_ring::dropped() const noexcept {
  return impl_->dropped.load(std::memory_order_relaxed);
}

}  // namespace kit::tracing
