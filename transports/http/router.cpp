#include <transports/http/router.hpp>

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <kit/error.hpp>
#include <transports/http/detail/openapi_document.hpp>
#include <transports/http/detail/route_pattern.hpp>
#include <transports/http/detail/route_table.hpp>
#include <transports/http/detail/route_tree.hpp>
#include <transports/http/openapi.hpp>

namespace kit::http {

// A router and its groups are a tree of scopes, made flat by `freezer`.
struct router::scope {
  struct route {
    std::optional<http::method> method;
    std::string pattern;
    handler answer;
    bool streaming = false;
    std::optional<detail::route_description> description = std::nullopt;  // of typed ones
  };
  struct document {
    std::string pattern;
    openapi_options options;
  };
  struct mount {
    std::string prefix;
    handler answer;
    bool streaming = false;
  };
  struct child {
    std::string prefix;
    std::shared_ptr<const scope> inner;
  };

  bool holds(const scope& other) const noexcept {
    return this == &other || std::any_of(children.begin(), children.end(),
                                         [&](const child& c) { return c.inner->holds(other); });
  }

  bool has_streaming() const noexcept {
    const auto streams = [](const auto& what) { return what.streaming; };
    return std::any_of(routes.begin(), routes.end(), streams) ||
           std::any_of(mounts.begin(), mounts.end(), streams) ||
           std::any_of(children.begin(), children.end(),
                       [](const child& c) { return c.inner->has_streaming(); });
  }

  std::vector<layer> layers;
  std::vector<route> routes;
  std::vector<mount> mounts;
  std::vector<child> children;
  std::vector<document> documents;
  handler not_found;
  handler method_not_allowed;
};

namespace {

handler require(handler h, std::string_view what) {
  if (!h) {
    throw error(errc::invalid_argument,
                "router: the handler of " + std::string(what) + " is empty");
  }
  return h;
}

}  // namespace

router::router() : scope_(std::make_shared<scope>()) {}

router& router::handle(const http::method& m, std::string_view pattern, handler h) {
  if (!pattern.empty()) detail::parse_pattern(pattern);
  scope_->routes.push_back({m, std::string(pattern), require(std::move(h), pattern)});
  return *this;
}

router& router::any(std::string_view pattern, handler h) {
  if (!pattern.empty()) detail::parse_pattern(pattern);
  scope_->routes.push_back({std::nullopt, std::string(pattern), require(std::move(h), pattern)});
  return *this;
}

router& router::handle(const http::method& m, std::string_view pattern, streaming_handler h) {
  handle(m, pattern, std::move(h.answer));
  scope_->routes.back().streaming = true;
  return *this;
}

router& router::any(std::string_view pattern, streaming_handler h) {
  any(pattern, std::move(h.answer));
  scope_->routes.back().streaming = true;
  return *this;
}

void router::check_parameters(std::string_view pattern, bool (*has)(std::string_view) noexcept) {
  if (pattern.empty()) return;
  for (const auto& s : detail::parse_pattern(pattern).segments) {
    if (s.kind == detail::segment_kind::text || has(s.text)) continue;
    throw error(errc::invalid_argument, "router: pattern '" + std::string(pattern) +
                                            "': the request has no field '" + s.text +
                                            "' that can be a parameter");
  }
}

router& router::add_layer(layer l) {
  scope_->layers.push_back(std::move(l));
  return *this;
}

router& router::mount(std::string_view prefix, const router& inner) {
  if (inner.scope_->holds(*scope_)) {
    throw error(errc::invalid_argument,
                "router: mounted in itself at '" + std::string(prefix) + "'");
  }
  scope_->children.push_back({std::string(detail::parse_prefix(prefix)), inner.scope_});
  return *this;
}

router& router::mount(std::string_view prefix, handler h) {
  scope_->mounts.push_back(
      {std::string(detail::parse_prefix(prefix)), require(std::move(h), prefix)});
  return *this;
}

router& router::mount(std::string_view prefix, streaming_handler h) {
  mount(prefix, std::move(h.answer));
  scope_->mounts.back().streaming = true;
  return *this;
}

bool router::has_streaming() const noexcept {
  return scope_->has_streaming();
}

router& router::not_found(handler h) {
  scope_->not_found = detail::buffered(require(std::move(h), "not_found"));
  return *this;
}

router& router::method_not_allowed(handler h) {
  scope_->method_not_allowed = detail::buffered(require(std::move(h), "method_not_allowed"));
  return *this;
}

router& router::describe(const detail::route_description& what) {
  scope_->routes.back().description = what;
  return *this;
}

router& router::describe_method(const reflect::field_info& method, std::string_view service,
                                std::string_view comment) {
  auto& d = *scope_->routes.back().description;
  d.method = &method;
  d.service = service;
  d.service_comment = comment;
  return *this;
}

router& router::openapi(std::string_view pattern, const openapi_options& options) {
  if (!pattern.empty()) detail::parse_pattern(pattern);
  detail::check(options);
  scope_->documents.push_back({std::string(pattern), options});
  return *this;
}

class router::freezer {
 public:
  explicit freezer(const scope& root) {
    not_found_.emplace_back();  // the router's own place comes first
    add(root, "", {});
    const auto& own = groups_.front();
    not_found_.front() =
        wrap(own, root.not_found ? root.not_found : detail::plain_answer(status::not_found), "");
  }

  std::string document(const openapi_options& options) const {
    return detail::openapi_document(described_, options);
  }

  detail::route_table freeze() {
    const auto tree = std::make_shared<const detail::route_tree>(std::move(keys_));
    std::vector<detail::route_table::group> groups;
    groups.reserve(groups_.size());
    for (const auto& g : groups_) {
      groups.push_back({wrap(g, detail::options_answer(tree), ""),
                        wrap(g, detail::wrong_method_answer(tree, g.method_not_allowed), "")});
    }
    return detail::route_table(
        {tree, std::move(routes_), std::move(groups),
         wrap(groups_.front(), detail::plain_answer(status::bad_request), ""),
         std::move(not_found_), detail::route_tree(std::move(places_), "not_found handlers")});
  }

 private:
  struct group {
    std::vector<const layer*> layers;  // the first is outermost
    handler method_not_allowed;
  };

  static handler wrap(const group& g, handler h, std::string_view name) {
    for (auto l = g.layers.rbegin(); l != g.layers.rend(); ++l)
      h = (**l)(std::move(h), name);
    return h;
  }

  void add(const scope& s, const std::string& prefix, group g) {
    for (const auto& l : s.layers)
      g.layers.push_back(&l);
    if (s.method_not_allowed) g.method_not_allowed = s.method_not_allowed;
    groups_.push_back(g);
    const auto index = static_cast<std::uint32_t>(groups_.size() - 1);
    const auto first_described = described_.size();
    for (const auto& r : s.routes) {
      detail::route_key key{r.method, detail::parse_pattern(prefix + r.pattern)};
      if (r.description) described_.push_back({r.method, key.pattern, prefix, *r.description});
      auto answer = wrap(g, r.streaming ? r.answer : detail::buffered(r.answer), key.name());
      add_route(std::move(key), {std::move(answer), index});
    }
    for (const auto& m : s.mounts)
      add_mount(g, prefix + m.prefix, m, index);
    if (s.not_found) {
      const auto answer = wrap(g, s.not_found, "");
      for (auto& key : place(prefix)) {
        places_.push_back(std::move(key));
        not_found_.push_back(answer);
      }
    }
    for (const auto& c : s.children)
      add(*c.inner, prefix + c.prefix, g);
    for (const auto& d : s.documents) {
      detail::route_key key{method::get, detail::parse_pattern(prefix + d.pattern)};
      const std::span all(described_);
      auto answer =
          detail::json_answer(detail::openapi_document(all.subspan(first_described), d.options));
      answer = wrap(g, std::move(answer), key.name());
      add_route(std::move(key), {std::move(answer), index});
    }
  }

  void add_mount(const group& g, const std::string& prefix, const scope::mount& m,
                 std::uint32_t index) {
    auto keys = place(prefix);
    const auto segments = keys.front().pattern.segments.size() - 1;
    auto inner = m.streaming ? m.answer : detail::buffered(m.answer);
    const auto answer =
        wrap(g, detail::below_mount(std::move(inner), segments), keys.front().name());
    for (auto& key : keys)
      add_route(std::move(key), {answer, index});
  }

  // All requests below a prefix, and those at it; both are called by the pattern of the former.
  static std::vector<detail::route_key> place(const std::string& prefix) {
    std::vector<detail::route_key> keys{{std::nullopt, detail::below(prefix)}};
    if (!prefix.empty()) {
      keys.push_back({std::nullopt, detail::parse_pattern(prefix)});
      keys.back().pattern.text = keys.front().pattern.text;
    }
    return keys;
  }

  void add_route(detail::route_key key, detail::route_table::route r) {
    keys_.push_back(std::move(key));
    routes_.push_back(std::move(r));
  }

  std::vector<group> groups_;
  std::vector<detail::described_route> described_;
  std::vector<detail::route_key> keys_;
  std::vector<detail::route_table::route> routes_;
  std::vector<detail::route_key> places_;
  std::vector<handler> not_found_;
};

std::string router::openapi_document(const openapi_options& options) const {
  detail::check(options);
  return freezer(*scope_).document(options);
}

router::operator handler() const {
  return freezer(*scope_).freeze();
}

}  // namespace kit::http
