#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <kit/http/method.hpp>
#include <kit/http/path_params.hpp>
#include <transports/http/detail/route_pattern.hpp>

namespace kit::http::detail {

/// The requests that a route takes.
struct route_key {
  std::optional<http::method> method;  ///< nothing: any
  route_pattern pattern;

  /// E.g. `GET /users/{id}`.
  std::string name() const;
};

struct route_match {
  enum class outcome : std::uint8_t {
    found,
    wrong_method,  ///< the path is known, with other methods
    not_found,
    malformed,  ///< the path's percent-encoding
  };
  outcome what = outcome::not_found;
  /// `found`: the route's index; `wrong_method`: that of the route which is best for the path.
  std::uint32_t route = 0;
};

/// Finds the route for a request. Immutable once it is built.
///
/// A trie of segments, walked from left to right. All its edges that are texts lie in one hash
/// table, each in a cache line together with the node it leads to; so a step costs the same
/// whatever the number of routes. Parameters are read out of the path only for the route that was
/// found. Allocates only for parameters that `path_params` has no room for, for paths with `%`, and
/// for patterns of more than 15 segments.
class route_tree {
 public:
  /// Throws `errc::invalid_argument`, naming both, when two routes take the same requests; `what`
  /// says what the routes are.
  explicit route_tree(std::vector<route_key> keys, std::string_view what = "routes");
  route_tree(route_tree&&) = default;  // not copied: it holds views of itself

  /// Appends the parameters of the route that was found to `params`.
  route_match find(const method& m, std::string_view path, path_params& params) const;

  /// The methods that some route takes for the path, as the value of `Allow`; of all routes for
  /// `*`. Empty when there is none.
  std::string allowed(std::string_view path) const;

  /// The pattern's text. Valid as long as the tree.
  std::string_view pattern(std::uint32_t route) const noexcept { return routes_[route].pattern; }

 private:
  class builder;
  class pieces;
  static constexpr std::uint32_t none = UINT32_MAX;
  static constexpr std::uint8_t any = UINT8_MAX;

  // What may end at a node: ways to routes, by method. A single one lies here; of more,
  // `only.route` tells where in `ways_` the first is.
  struct way {
    std::uint32_t route = none;
    std::uint8_t method = 0;  // method::id, or `any`, which comes last
  };
  struct ways {
    way only;
    std::uint32_t count = 0;
  };
  struct node {
    std::uint32_t id = 0;
    std::uint32_t parameter = none;  // of `parameters_`: the node below `{name}`
    ways exact;                      // the path ends here
    ways rest;                       // it goes on, and nothing else takes it
    bool has_texts = false;
  };
  struct alignas(64) edge {
    std::uint64_t head = 0;  // the first 8 bytes of the text
    std::uint64_t tail = 0;  // the last 8 bytes, if there are more than 8
    std::uint32_t from = none;
    std::uint32_t size = 0;
    std::uint32_t text = 0;  // where the whole is in `texts_`, if there are more than 16
    node to;
  };
  struct capture {
    std::uint32_t segment;
    std::uint32_t name;  // where it starts in `texts_`
    std::uint32_t name_size;
    friend auto operator<=>(const capture&, const capture&) = default;
  };
  struct route_entry {
    std::string_view pattern;
    std::uint32_t captures = 0;  // from here on in `captures_`
    std::uint16_t count = 0;
    bool has_rest = false;  // the last capture takes all that is left
  };

  const node* step(std::uint32_t from, std::string_view text) const noexcept;
  std::uint32_t choose(const ways& among, const method& m) const noexcept;
  std::span<const way> list(const ways& all) const noexcept;
  template <class Visitor>
  bool walk(const pieces& path, const node& n, std::size_t depth, Visitor& visit) const;
  void read_parameters(const route_entry& r, const pieces& path, path_params& params) const;

  std::vector<route_key> keys_;
  std::vector<route_entry> routes_;  // what is wanted of each key after it was found
  std::vector<edge> edges_;  // open addressing, at most half full; the size is a power of two
  std::vector<node> parameters_;
  std::vector<way> ways_;
  std::vector<capture> captures_;  // routes with the same ones share them
  std::string texts_;
  node root_;
  std::size_t depth_ = 0;  // segments of the longest pattern, `{name...}` not counted
};

}  // namespace kit::http::detail
