#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <kit/metrics/snapshot.hpp>

/// PCP's memory-mapped values: what is in the file. Source: PCP's man page mmv(5).
namespace kit::metrics::detail {

/// Gives names numbers: a hash, and the next that is free where two would be the same. A name keeps
/// its number for life.
class mmv_numbers {
 public:
  /// Numbers are below `limit`.
  explicit mmv_numbers(std::uint32_t limit) : limit_(limit) {}
  /// Nothing when all are used.
  std::optional<std::uint32_t> of(const std::string& name);

 private:
  std::uint32_t limit_;
  std::map<std::string, std::uint32_t> numbers_;
  std::map<std::uint32_t, std::string> names_;
};

std::uint32_t fnv1a(std::string_view text) noexcept;

/// The numbers of one application.
struct mmv_ids {
  mmv_numbers items{1u << 10};
  mmv_numbers domains{1u << 11};
  std::map<std::string, mmv_numbers, std::less<>> instances = {};  // of each domain
};

/// Where everything is for the series of one snapshot.
class mmv_layout {
 public:
  /// Families that no number is left for, and whose name another one has, are left out.
  mmv_layout(const snapshot& s, mmv_ids& ids);

  /// Whether the snapshot has the very same series.
  bool fits(const snapshot& s) const;
  std::size_t left_out() const noexcept { return left_out_; }

  /// The whole file but for the values and the second generation number, which is 0: it is not
  /// valid yet.
  std::string file(std::uint64_t generation, std::int32_t pid, std::uint32_t cluster) const;
  /// Writes the values; `s` must fit. Each is stored at once, so that readers never see half of it.
  void write_values(const snapshot& s, std::span<std::byte> file) const;
  /// Makes the file valid, or with 0 invalid.
  static void write_generation(std::uint64_t generation, std::span<std::byte> file);

 private:
  static constexpr std::uint32_t none = 0xffffffff;
  struct domain {
    std::uint32_t id = 0;
    std::uint32_t first = 0;  // of its instances
    std::uint32_t count = 0;
  };
  struct instance {
    std::uint32_t domain = 0;
    std::uint32_t id = 0;
    std::string name;
  };
  struct metric {
    std::string name;
    std::string help;
    std::uint32_t item = 0;
    std::int32_t type = 0;
    std::int32_t semantics = 0;
    std::uint32_t units = 0;
    std::uint32_t domain = none;
  };
  struct value {
    std::uint32_t metric = 0;
    std::uint32_t instance = none;
    std::uint32_t family = 0;
    std::uint32_t point = 0;
    std::uint8_t statistic = 0;  // of a histogram
  };
  struct offsets;
  struct sections;

  void add(const family& f, std::uint32_t at, mmv_ids& ids);
  bool add_instances(const family& f, metric& m, mmv_ids& ids);
  std::uint32_t add_domain(const std::string& name, const std::vector<std::string>& instances,
                           mmv_ids& ids);
  offsets places() const;
  std::uint32_t version() const noexcept;

  std::vector<domain> domains_;
  std::vector<instance> instances_;
  std::vector<metric> metrics_;
  std::vector<value> values_;
  std::map<std::string, std::uint32_t> shared_domains_;
  std::vector<std::pair<std::string, std::vector<std::vector<std::string>>>> series_;
  std::size_t left_out_ = 0;
};

}  // namespace kit::metrics::detail
