#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <kit/random.hpp>

namespace kit::middleware::detail {

/// A number of a text that who doesn't know the seeds can't aim at.
class keyed_hash {
 public:
  explicit keyed_hash(random_source random) : seeds_{random() | 1, random() | 1} {}

  std::uint64_t operator()(std::string_view text) const noexcept;

 private:
  std::uint64_t seeds_[2];
};

/// The same for all of the process: for hash tables whose keys others choose.
struct process_hash {
  std::size_t operator()(std::string_view text) const noexcept;
};

}  // namespace kit::middleware::detail
