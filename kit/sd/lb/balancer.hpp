#pragma once

#include <kit/endpoint.hpp>
#include <kit/result.hpp>

namespace kit::sd {

/// Picks the instance that gets the next request, of those there are.
/// Threads: any; calls may overlap.
/// Source: Go kit's package sd/lb, Balancer.
template <class Req, class Resp>
class balancer {
 public:
  balancer() = default;
  balancer(const balancer&) = delete;
  balancer& operator=(const balancer&) = delete;
  virtual ~balancer() = default;

  /// Errors: `errc::unavailable`, `no endpoints available`, where there is none; what the source of
  /// the instances failed with.
  virtual result<endpoint<Req, Resp>> pick() = 0;
};

/// The error of a balancer that has nothing to pick from.
inline error no_endpoints() {
  return error(errc::unavailable, "no endpoints available");
}

}  // namespace kit::sd
