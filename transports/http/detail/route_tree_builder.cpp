#include <algorithm>
#include <bit>
#include <map>
#include <utility>

#include <kit/error.hpp>
#include <transports/http/detail/route_tree.hpp>
#include <transports/http/detail/segment_digest.hpp>

namespace kit::http::detail {

std::string route_key::name() const {
  return method ? std::string(method->name()) + " " + pattern.text : pattern.text;
}

// Grows a trie that is easy to grow, then lays it out as lookups want it.
class route_tree::builder {
 public:
  builder(route_tree& tree, std::string_view what) : tree_(tree), what_(what), drafts_(1) {}

  void add(std::uint32_t route);
  void lay_out();

 private:
  using routes = std::vector<std::uint32_t>;
  struct draft {
    std::map<std::string, std::uint32_t> texts;
    std::uint32_t parameter = none;
    routes exact;
    routes rest;
  };

  std::uint32_t add_draft() {
    drafts_.emplace_back();
    return static_cast<std::uint32_t>(drafts_.size() - 1);
  }
  std::uint32_t below_text(std::uint32_t from, const std::string& text);
  std::uint32_t below_parameter(std::uint32_t from);
  void add_end(routes& there, std::uint32_t route) const;

  ways lay_out_ways(const routes& all);
  void add_edge(std::uint32_t from, const std::string& text, const node& to);
  void add_route(const route_key& key);
  std::uint32_t store(const std::string& text);

  route_tree& tree_;
  std::string_view what_;
  std::vector<draft> drafts_;                   // by the id of the node that each becomes
  std::map<std::string, std::uint32_t> names_;  // of parameters, stored once
  std::map<std::vector<capture>, std::uint32_t> captures_;
};

route_tree::route_tree(std::vector<route_key> keys, std::string_view what)
    : keys_(std::move(keys)) {
  builder b(*this, what);
  for (std::uint32_t i = 0; i < keys_.size(); ++i)
    b.add(i);
  b.lay_out();
}

// --- growing

void route_tree::builder::add(std::uint32_t route) {
  const auto& segments = tree_.keys_[route].pattern.segments;
  std::uint32_t at = 0;
  std::size_t depth = 0;
  for (const auto& s : segments) {
    if (s.kind == segment_kind::rest) break;
    at = s.kind == segment_kind::text ? below_text(at, s.text) : below_parameter(at);
    ++depth;
  }
  tree_.depth_ = std::max(tree_.depth_, depth);
  add_end(depth < segments.size() ? drafts_[at].rest : drafts_[at].exact, route);
}

std::uint32_t route_tree::builder::below_text(std::uint32_t from, const std::string& text) {
  const auto there = drafts_[from].texts.find(text);
  if (there != drafts_[from].texts.end()) return there->second;
  const auto added = add_draft();
  drafts_[from].texts.emplace(text, added);
  return added;
}

std::uint32_t route_tree::builder::below_parameter(std::uint32_t from) {
  if (drafts_[from].parameter == none) {
    const auto added = add_draft();
    drafts_[from].parameter = added;
  }
  return drafts_[from].parameter;
}

void route_tree::builder::add_end(routes& there, std::uint32_t route) const {
  const auto& key = tree_.keys_[route];
  for (const auto i : there) {
    const auto& other = tree_.keys_[i];
    if (other.method != key.method) continue;
    throw error(errc::invalid_argument, "router: two " + std::string(what_) +
                                            " for the same requests: '" + other.name() + "' and '" +
                                            key.name() + "'");
  }
  there.push_back(route);
}

// --- laying out

void route_tree::builder::lay_out() {
  std::vector<node> nodes;
  std::size_t edges = 0;
  std::uint32_t parameters = 0;
  for (const auto& d : drafts_) {
    const auto id = static_cast<std::uint32_t>(nodes.size());
    const auto parameter = d.parameter == none ? none : parameters++;
    nodes.push_back({id, parameter, lay_out_ways(d.exact), lay_out_ways(d.rest), !d.texts.empty()});
    edges += d.texts.size();
  }
  tree_.root_ = nodes.front();
  tree_.parameters_.resize(parameters);
  tree_.edges_.resize(std::bit_ceil(2 * edges + 1));  // at most half full
  for (const auto& n : nodes) {
    const auto& d = drafts_[n.id];
    if (d.parameter != none) tree_.parameters_[n.parameter] = nodes[d.parameter];
    for (const auto& [text, child] : d.texts)
      add_edge(n.id, text, nodes[child]);
  }
  for (const auto& key : tree_.keys_)
    add_route(key);
}

route_tree::ways route_tree::builder::lay_out_ways(const routes& all) {
  const auto first = tree_.ways_.size();
  for (const auto route : all) {
    const auto& m = tree_.keys_[route].method;
    tree_.ways_.push_back({route, m ? static_cast<std::uint8_t>(m->known()) : any});
  }
  const auto added = tree_.ways_.begin() + static_cast<std::ptrdiff_t>(first);
  std::sort(added, tree_.ways_.end(), [](const way& a, const way& b) {
    return a.method != b.method ? a.method < b.method : a.route < b.route;
  });
  ways out{{static_cast<std::uint32_t>(first), 0}, static_cast<std::uint32_t>(all.size())};
  if (all.size() == 1) {
    out.only = tree_.ways_.back();
    tree_.ways_.pop_back();
  }
  return out;
}

void route_tree::builder::add_edge(std::uint32_t from, const std::string& text, const node& to) {
  edge e;
  e.from = from;
  e.size = static_cast<std::uint32_t>(text.size());
  if (text.size() > 16) e.text = store(text);
  const auto digest = digest_of(from, text);
  e.head = digest.head;
  e.tail = digest.tail;
  e.to = to;
  const auto mask = tree_.edges_.size() - 1;
  auto i = digest.hash & mask;
  while (tree_.edges_[i].from != none)
    i = (i + 1) & mask;
  tree_.edges_[i] = e;
}

void route_tree::builder::add_route(const route_key& key) {
  const auto& segments = key.pattern.segments;
  route_entry r;
  r.pattern = key.pattern.text;
  std::vector<capture> captures;
  for (std::uint32_t i = 0; i < segments.size(); ++i) {
    const auto& s = segments[i];
    if (s.kind == segment_kind::text || s.text.empty()) continue;
    auto name = names_.find(s.text);
    if (name == names_.end()) name = names_.emplace(s.text, store(s.text)).first;
    captures.push_back({i, name->second, static_cast<std::uint32_t>(s.text.size())});
    r.has_rest = s.kind == segment_kind::rest;
  }
  r.count = static_cast<std::uint16_t>(captures.size());
  const auto end = static_cast<std::uint32_t>(tree_.captures_.size());
  const auto [there, is_new] = captures_.emplace(captures, end);
  if (is_new) tree_.captures_.insert(tree_.captures_.end(), captures.begin(), captures.end());
  r.captures = there->second;
  tree_.routes_.push_back(r);
}

std::uint32_t route_tree::builder::store(const std::string& text) {
  const auto start = tree_.texts_.size();
  tree_.texts_ += text;
  return static_cast<std::uint32_t>(start);
}

}  // namespace kit::http::detail
