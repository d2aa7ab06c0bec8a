#pragma once

#include <string>

#include <kit/http/request.hpp>
#include <kit/tracing/span.hpp>
#include <transports/http/detail/watched_exchange.hpp>
#include <transports/http/span_convention.hpp>

namespace kit::http::detail {

/// Ends the span of an exchange as the convention says.
struct span_watcher {
  tracing::span span;
  void (*end)(const tracing::span&, const method&, const exchange_end&);

  void ended(const method& m, const exchange_end& how) noexcept {
    try {
      end(span, m, how);
    } catch (...) {  // then it is not said
    }
    span.end();
  }
};
using exchange_span = watched_exchange<span_watcher>;

/// What the span is called: by the options' function, their name, or as usual.
template <class Options>
std::string span_name(const Options& o, const request& req, std::string (*usual)(const request&)) {
  std::string name = o.name_of ? o.name_of(req) : std::string();
  if (name.empty()) name = o.name.empty() ? usual(req) : o.name;
  return name;
}

}  // namespace kit::http::detail
