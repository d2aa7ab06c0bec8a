#include <transports/http/detail/route_tree.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

#include <kit/http/percent.hpp>
#include <transports/http/detail/segment_digest.hpp>

namespace kit::http::detail {
namespace {

// The methods for an `Allow` field.
class method_set {
 public:
  void add(const http::method& m) {
    if (m == method::get) add(method::head);
    if (std::find(methods_.begin(), methods_.end(), m) == methods_.end()) methods_.push_back(m);
  }

  std::string list() {
    if (!methods_.empty()) add(method::options);
    std::sort(methods_.begin(), methods_.end(), [](const http::method& a, const http::method& b) {
      // Others come behind the registered ones.
      const bool others[] = {a.known() == method::custom, b.known() == method::custom};
      if (others[0] != others[1]) return others[1];
      return others[0] ? a.name() < b.name() : a.known() < b.known();
    });
    std::string out;
    for (const auto& m : methods_) {
      if (!out.empty()) out += ", ";
      out += m.name();
    }
    return out;
  }

 private:
  std::vector<http::method> methods_;
};

}  // namespace

// A path, split at its slashes and decoded: as many segments as any pattern can look at.
class route_tree::pieces {
 public:
  pieces(std::string_view path, std::size_t limit) : path_(path) {
    if (limit > std::size(inline_)) {
      more_.resize(limit);
      pieces_ = more_.data();
    }
    split(limit);
    encoded_ = path.find('%') != path.npos;
  }
  pieces(const pieces&) = delete;

  /// False when the path's percent-encoding is malformed. Decodes the segments.
  bool decode() {
    if (!encoded_) return true;
    if (!is_percent_encoded(path_)) return false;
    decoded_.reserve(path_.size());  // so that views stay valid
    for (std::size_t i = 0; i < count_; ++i) {
      const auto start = decoded_.size();
      append_percent_decoded(decoded_, (*this)[i]);
      pieces_[i].text = decoded_.data() + start;
      pieces_[i].size = decoded_.size() - start;
    }
    return true;
  }

  std::size_t size() const noexcept { return count_; }
  std::string_view operator[](std::size_t i) const noexcept {
    return {pieces_[i].text, pieces_[i].size};
  }
  /// All from segment i on, as sent.
  std::string_view from(std::size_t i) const noexcept { return path_.substr(pieces_[i].position); }
  bool encoded() const noexcept { return encoded_; }

 private:
  struct piece {
    const char* text;
    std::size_t size;
    std::size_t position;
  };

  void split(std::size_t limit) noexcept {
    for (std::size_t at = 1; at <= path_.size() && count_ < limit;) {
      const auto end = std::min(path_.find('/', at), path_.size());
      pieces_[count_++] = {path_.data() + at, end - at, at};
      at = end + 1;
    }
  }

  std::string_view path_;
  piece inline_[16];  // left uninitialised
  piece* pieces_ = inline_;
  std::size_t count_ = 0;
  bool encoded_ = false;
  std::vector<piece> more_;
  std::string decoded_;
};

// --- looking up

auto route_tree::step(std::uint32_t from, std::string_view text) const noexcept -> const node* {
  const auto key = digest_of(from, text);
  const auto mask = edges_.size() - 1;
  for (auto i = key.hash & mask;; i = (i + 1) & mask) {
    const auto& e = edges_[i];
    if (e.from == none) return nullptr;
    if (e.from == from && e.size == text.size() && e.head == key.head && e.tail == key.tail &&
        (e.size <= 16 || std::memcmp(texts_.data() + e.text, text.data(), e.size) == 0)) {
      return &e.to;
    }
  }
}

// Calls `visit` for the ends of all patterns that match the path, best first, until it returns
// true. `n` is reached by the first `depth` segments.
template <class Visitor>
bool route_tree::walk(const pieces& path, const node& n, std::size_t depth, Visitor& visit) const {
  if (depth == path.size()) return n.exact.count > 0 && visit(n.exact);
  if (n.has_texts) {
    const node* next = step(n.id, path[depth]);
    if (next && walk(path, *next, depth + 1, visit)) return true;
  }
  if (n.parameter != none && !path[depth].empty() &&
      walk(path, parameters_[n.parameter], depth + 1, visit)) {
    return true;
  }
  return n.rest.count > 0 && visit(n.rest);
}

auto route_tree::list(const ways& all) const noexcept -> std::span<const way> {
  if (all.count == 1) return {&all.only, 1};
  return std::span(ways_).subspan(all.only.route, all.count);
}

// The route for the method; else, for HEAD, that for GET; else that for any, which comes last.
std::uint32_t route_tree::choose(const ways& among, const http::method& m) const noexcept {
  std::uint32_t found = none;
  for (const auto& w : list(among)) {
    if (w.method == m.known() && (m.known() != method::custom || keys_[w.route].method == m)) {
      return w.route;
    }
    const bool stands_in = w.method == any || (w.method == method::get && m == method::head);
    if (stands_in && found == none) found = w.route;
  }
  return found;
}

route_match route_tree::find(const http::method& m, std::string_view path,
                             path_params& params) const {
  using outcome = route_match::outcome;
  if (!path.starts_with('/')) return {};
  pieces split(path, depth_ + 1);
  if (!split.decode()) return {outcome::malformed, 0};
  route_match match;
  const auto visit = [&](const ways& found) {
    const auto chosen = choose(found, m);
    if (chosen != none) {
      match = {outcome::found, chosen};
    } else if (match.what == outcome::not_found) {
      match = {outcome::wrong_method, list(found).front().route};
    }
    return chosen != none;
  };
  if (walk(split, root_, 0, visit)) read_parameters(routes_[match.route], split, params);
  return match;
}

void route_tree::read_parameters(const route_entry& r, const pieces& path,
                                 path_params& params) const {
  if (r.count == 0) return;
  const auto captures = std::span(captures_).subspan(r.captures, r.count);
  std::string_view rest;
  std::string decoded;
  if (r.has_rest) {
    rest = path.from(captures.back().segment);
    if (path.encoded()) {
      append_percent_decoded(decoded, rest);
      rest = decoded;
    }
  }
  std::size_t bytes = rest.size();
  for (const auto& c : captures)
    bytes += c.name_size + path[c.segment].size();
  params.reserve(captures.size(), bytes);
  for (const auto& c : captures) {
    const auto name = std::string_view(texts_).substr(c.name, c.name_size);
    const bool is_rest = r.has_rest && &c == &captures.back();
    params.add(name, is_rest ? rest : path[c.segment]);
  }
}

std::string route_tree::allowed(std::string_view path) const {
  method_set methods;
  const auto note = [&](std::uint32_t route) {
    if (const auto& m = keys_[route].method) methods.add(*m);
  };
  if (path == "*") {
    for (std::uint32_t i = 0; i < keys_.size(); ++i)
      note(i);
  } else if (path.starts_with('/')) {
    pieces split(path, depth_ + 1);
    const auto visit = [&](const ways& found) {
      for (const auto& w : list(found))
        note(w.route);
      return false;
    };
    if (split.decode()) walk(split, root_, 0, visit);
  }
  return methods.list();
}

}  // namespace kit::http::detail
