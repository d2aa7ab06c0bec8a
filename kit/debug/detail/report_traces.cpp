#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <ranges>
#include <set>
#include <utility>

#include <kit/debug/detail/report.hpp>

namespace kit::debug::detail {
namespace {

using trace_ptr = std::shared_ptr<const tracing::trace>;

trace_shown show(const tracing::trace& t) {
  const auto& root = t.root();
  return {.trace_id = to_string(root.context.trace_id),
          .name = shown(root.name),
          .start = root.start,
          .length = seconds(root.length),
          .spans = t.spans.size() + t.dropped_spans,
          .failed = t.failed(),
          .message = shown(root.status_message)};
}

/// The first ones of all that are offered, by some order.
class best {
 public:
  using order = std::function<bool(const trace_ptr&, const trace_ptr&)>;
  best(std::size_t most, order before) : most_(most), before_(std::move(before)) {}

  template <class List>
  void offer(const List& list) {
    all_.insert(all_.end(), list.begin(), list.end());
  }
  std::vector<trace_shown> take() {
    const auto end = all_.begin() + static_cast<std::ptrdiff_t>(std::min(most_, all_.size()));
    std::ranges::partial_sort(all_, end, before_);
    std::vector<trace_shown> shown;
    for (auto it = all_.begin(); it != end; ++it)
      shown.push_back(show(**it));
    return shown;
  }

 private:
  std::size_t most_;
  order before_;
  std::vector<trace_ptr> all_;
};

bool newer(const trace_ptr& a, const trace_ptr& b) {
  return a->root().start > b->root().start;
}
bool slower(const trace_ptr& a, const trace_ptr& b) {
  return a->root().length > b->root().length;
}

named_texts show(const tracing::attributes& attributes) {
  named_texts all;
  all.reserve(attributes.size());
  for (const auto& a : attributes)
    all.emplace_back(shown(a.key), shown(tracing::to_text(a.value)));
  return all;
}

span_shown show(const tracing::span_data& s, tracing::wall_time origin) {
  span_shown out;
  out.span_id = to_string(s.context.span_id);
  if (s.parent.valid()) out.parent_id = to_string(s.parent);
  out.name = shown(s.name);
  out.kind = tracing::name(s.kind);
  out.start = seconds(s.start - origin);
  out.length = seconds(s.length);
  out.status = tracing::name(s.status);
  out.message = shown(s.status_message);
  out.attributes = show(s.attributes);
  for (const auto& e : s.events)
    out.events.push_back({shown(e.name), seconds(e.time - origin), show(e.attributes)});
  for (const auto& l : s.links)
    out.links.push_back(to_string(l.context.trace_id));
  out.dropped = s.dropped_attributes + s.dropped_events + s.dropped_links;
  return out;
}

/// Spans, which are in the order of their starts, laid out as a tree: each one, then its children.
class layout {
 public:
  layout(const std::vector<const tracing::span_data*>& spans, tracing::wall_time origin)
      : origin_(origin) {
    std::set<std::uint64_t> here;
    for (const auto* s : spans)
      here.insert(s->context.span_id.value);
    for (const auto* s : spans) {
      // Of a server's span that has its client's id, the parent may be itself.
      const bool inner = here.contains(s->parent.value) && s->parent != s->context.span_id;
      children_[inner ? s->parent.value : 0].push_back(s);
    }
  }

  std::vector<span_shown> rows() {
    // A stack, as somebody's spans may be nested deeper than ours.
    std::vector<std::pair<const tracing::span_data*, std::size_t>> todo;
    push_children(todo, 0, 0);
    std::vector<span_shown> out;
    while (!todo.empty()) {
      const auto [s, depth] = todo.back();
      todo.pop_back();
      out.push_back(show(*s, origin_));
      out.back().depth = depth;
      push_children(todo, s->context.span_id.value, depth + 1);
    }
    return out;
  }

 private:
  void push_children(std::vector<std::pair<const tracing::span_data*, std::size_t>>& todo,
                     std::uint64_t parent, std::size_t depth) {
    const auto found = children_.find(parent);
    if (found == children_.end()) return;
    auto children = std::move(found->second);  // once: ids may be there twice
    children_.erase(found);
    for (const auto* s : children | std::views::reverse)
      todo.emplace_back(s, depth);
  }

  std::map<std::uint64_t, std::vector<const tracing::span_data*>> children_;
  tracing::wall_time origin_;
};

const tracing::span_data* pointer(const tracing::span_data& s) {
  return &s;
}
const tracing::span_data* pointer(const std::shared_ptr<const tracing::span_data>& s) {
  return s.get();
}
template <class Spans>
std::vector<const tracing::span_data*> pointers(const Spans& spans) {
  std::vector<const tracing::span_data*> all;
  all.reserve(spans.size());
  for (const auto& s : spans)
    all.push_back(pointer(s));
  return all;
}

trace_page show_ended(const core& c, const tracing::trace& t) {
  trace_page p;
  p.about = make_about(c, "trace");
  p.trace = show(t);
  p.complete = true;
  p.missing_spans = t.dropped_spans;
  p.spans = layout(pointers(t.spans), t.root().start).rows();
  return p;
}

// Only of spans that are open something is known.
trace_page show_open(const core& c, const tracing::active_trace& t) {
  trace_page p;
  p.about = make_about(c, "trace");
  const auto now = p.about.time;
  const auto origin = t.open.front().start;
  p.trace = {.trace_id = to_string(t.trace_id),
             .name = shown(t.open.front().name),
             .start = origin,
             .length = std::max(0.0, seconds(now - origin)),
             .spans = t.open.size() + t.ended,
             .failed = false,
             .message = {}};
  p.missing_spans = t.ended;
  p.spans = layout(pointers(t.open), origin).rows();
  for (auto& s : p.spans) {
    s.open = true;
    s.length = std::max(0.0, p.trace.length - s.start);
  }
  return p;
}

}  // namespace

std::vector<trace_shown> make_failed(const core& c, std::size_t most) {
  best failed(most, newer);
  if (!c.options.traces) return {};
  for (const auto& e : c.options.traces->endpoints())
    failed.offer(e.failed);
  return failed.take();
}

traces_page make_traces(const core& c, std::optional<std::string> endpoint) {
  traces_page p;
  p.about = make_about(c, "traces");
  best failed(c.options.max_traces, newer), recent(c.options.max_traces, newer),
      slowest(c.options.max_traces, slower);
  for (const auto& e : c.options.traces->endpoints()) {
    p.endpoints.push_back(shown(e.endpoint));
    if (endpoint && *endpoint != p.endpoints.back()) continue;
    failed.offer(e.failed);
    slowest.offer(e.slowest);
    for (const auto& list : e.recent)
      recent.offer(list);
  }
  if (endpoint) p.endpoint = shown(*endpoint);
  p.failed = failed.take();
  p.slowest = slowest.take();
  p.recent = recent.take();
  p.dropped = c.options.traces->dropped();
  return p;
}

std::optional<trace_page> make_trace(const core& c, std::string_view id) {
  const auto wanted = tracing::parse_trace_id(id);
  if (!wanted || !c.options.traces) return std::nullopt;
  if (const auto t = c.options.traces->find_active(*wanted); t && !t->open.empty()) {
    return show_open(c, *t);
  }
  const auto t = c.options.traces->find(*wanted);
  return t ? std::optional(show_ended(c, *t)) : std::nullopt;
}

}  // namespace kit::debug::detail
