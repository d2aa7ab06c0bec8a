#pragma once

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kit/http/method.hpp>

/// The router's rules, told again as simply as can be: each route is compared with each path. The
/// property test and the fuzzer hold the real one against it.
namespace test {

struct naive_route {
  std::optional<kit::http::method> method;
  std::string pattern;  // without percent-encoding
};

struct naive_match {
  bool malformed = false;
  std::optional<std::size_t> route;  // the one for path and method
  std::vector<std::size_t> same_path;
  std::vector<std::pair<std::string, std::string>> params;
};

inline std::vector<std::string> split_segments(std::string_view path) {
  std::vector<std::string> out(1);
  for (char c : path.substr(1)) {
    if (c == '/') {
      out.emplace_back();
    } else {
      out.back().push_back(c);
    }
  }
  return out;
}

inline std::optional<std::string> naive_decode(const std::string& text) {
  const std::string_view digits = "0123456789abcdefABCDEF";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const std::string hex = text.substr(i + 1, 2);
    if (hex.size() != 2 || hex.find_first_not_of(digits) != hex.npos) return std::nullopt;
    out.push_back(static_cast<char>(std::strtoul(hex.c_str(), nullptr, 16)));
    i += 2;
  }
  return out;
}

/// What kinds of segments a pattern matched a path with: the smaller, the better.
using naive_rank = std::vector<int>;

inline std::optional<naive_rank> naive_compare(const std::string& pattern,
                                               const std::vector<std::string>& path,
                                               naive_match& out) {
  const auto segments = split_segments(pattern);
  naive_rank rank;
  out.params.clear();
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const auto& s = segments[i];
    if (i >= path.size()) return std::nullopt;
    if (s.ends_with("...}")) {
      std::string rest = path[i];
      for (std::size_t j = i + 1; j < path.size(); ++j)
        rest += "/" + path[j];
      out.params.emplace_back(s.substr(1, s.size() - 5), rest);
      rank.push_back(2);
      return rank;
    }
    if (s.starts_with("{")) {
      if (path[i].empty()) return std::nullopt;
      out.params.emplace_back(s.substr(1, s.size() - 2), path[i]);
      rank.push_back(1);
    } else {
      if (s != path[i]) return std::nullopt;
      rank.push_back(0);
    }
  }
  if (segments.size() != path.size()) return std::nullopt;
  return rank;
}

/// 0 is the best; nothing when the route does not take the method.
inline std::optional<int> naive_method_rank(const naive_route& r, const kit::http::method& m) {
  if (!r.method) return 2;
  if (*r.method == m) return 0;
  if (m == kit::http::method::head && *r.method == kit::http::method::get) return 1;
  return std::nullopt;
}

inline naive_match naive_find(const std::vector<naive_route>& routes, const kit::http::method& m,
                              std::string_view path) {
  naive_match best;
  if (!path.starts_with('/')) return best;
  auto segments = split_segments(path);
  for (auto& s : segments) {
    auto decoded = naive_decode(s);
    if (!decoded) {
      best.malformed = true;
      return best;
    }
    s = *decoded;
  }
  std::pair<naive_rank, int> best_rank;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    naive_match here;
    const auto rank = naive_compare(routes[i].pattern, segments, here);
    if (!rank) continue;
    best.same_path.push_back(i);
    const auto by_method = naive_method_rank(routes[i], m);
    if (!by_method) continue;
    const std::pair<naive_rank, int> both(*rank, *by_method);
    if (best.route && !(both < best_rank)) continue;
    best_rank = both;
    best.route = i;
    best.params = std::move(here.params);
  }
  return best;
}

/// Whether two patterns differ at most in the names of parameters.
inline bool naive_same_shape(const std::string& a, const std::string& b) {
  auto x = split_segments(a);
  auto y = split_segments(b);
  for (auto* both : {&x, &y}) {
    for (auto& s : *both) {
      if (s.starts_with("{")) s = s.ends_with("...}") ? "{...}" : "{}";
    }
  }
  return x == y;
}

inline bool naive_conflict(const naive_route& a, const naive_route& b) {
  return a.method == b.method && naive_same_shape(a.pattern, b.pattern);
}

}  // namespace test
