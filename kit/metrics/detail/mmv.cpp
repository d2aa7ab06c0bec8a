#include <kit/metrics/detail/mmv.hpp>

#include <algorithm>
#include <array>
#include <utility>

#include <kit/detail/utf8.hpp>
#include <kit/http/percent.hpp>

namespace kit::metrics::detail {
namespace {

constexpr std::size_t max_text = 255;
constexpr std::uint32_t max_instances = 0x7fffffff;

enum type : std::int32_t { type_int64 = 2, type_double = 5 };
enum semantics : std::int32_t { counter_value = 1, instant_value = 3 };

constexpr std::array<std::string_view, 5> statistics{"min", "max", "mean", "variance",
                                                     "standard_deviation"};

// Text that has room, different for texts that are.
std::string fitted(std::string text) {
  if (text.size() <= max_text) return text;
  const auto number = std::to_string(fnv1a(text));
  text.resize(max_text - number.size() - 1);
  return text + '_' + number;
}

// Letters, digits and underlines, a letter first.
std::string metric_name(std::string name) {
  std::ranges::replace(name, ':', '_');
  if (name.front() == '_') name.insert(0, 1, 'm');
  return fitted(std::move(name));
}

// `error=false,method=sum`. PCP takes what follows a space for a remark.
std::string instance_name(const family& f, const point& p) {
  std::string out;
  for (std::size_t i = 0; i < f.labels.size(); ++i) {
    out.append(i > 0 ? "," : "").append(f.labels[i]).append(1, '=');
    for (const char c : p.values[i]) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte > ' ' && byte != 0x7f && c != ',' && c != '=' && c != '%') {
        out += c;
      } else {
        http::append_percent_encoded(out, {&c, 1}, http::encode_set::unreserved);
      }
    }
  }
  return out;
}

// pmUnits: dimensions in the upper half, scales in the lower.
constexpr std::uint32_t space(std::uint32_t scale) noexcept {
  return 1u << 28 | scale << 16;
}
constexpr std::uint32_t time(std::uint32_t scale) noexcept {
  return 1u << 24 | scale << 12;
}
constexpr std::uint32_t count = 1u << 20;

std::uint32_t units_of(const family& f) {
  constexpr std::array<std::pair<std::string_view, std::uint32_t>, 11> known{
      {{"bytes", space(0)},
       {"kilobytes", space(1)},
       {"megabytes", space(2)},
       {"gigabytes", space(3)},
       {"terabytes", space(4)},
       {"nanoseconds", time(0)},
       {"microseconds", time(1)},
       {"milliseconds", time(2)},
       {"seconds", time(3)},
       {"minutes", time(4)},
       {"hours", time(5)}}};
  const auto found =
      std::ranges::find(known, std::string_view(f.unit), &decltype(known)::value_type::first);
  if (found != known.end()) return found->second;
  return f.kind == metric_kind::counter ? count : 0;
}

}  // namespace

std::uint32_t fnv1a(std::string_view text) noexcept {
  std::uint32_t h = 0x811c9dc5;
  for (const char c : text)
    h = (h ^ static_cast<unsigned char>(c)) * 0x01000193;
  return h;
}

std::optional<std::uint32_t> mmv_numbers::of(const std::string& name) {
  if (const auto known = numbers_.find(name); known != numbers_.end()) return known->second;
  if (names_.size() >= limit_) return std::nullopt;
  std::uint32_t n = fnv1a(name) % limit_;
  while (names_.contains(n))
    n = (n + 1) % limit_;
  names_[n] = name;
  return numbers_[name] = n;
}

mmv_layout::mmv_layout(const snapshot& s, mmv_ids& ids) {
  for (std::size_t i = 0; i < s.families.size(); ++i) {
    const auto& f = s.families[i];
    auto& points = series_.emplace_back(f.name, std::vector<std::vector<std::string>>()).second;
    for (const auto& p : f.points)
      points.push_back(p.values);
    add(f, static_cast<std::uint32_t>(i), ids);
  }
}

bool mmv_layout::fits(const snapshot& s) const {
  return std::ranges::equal(s.families, series_, [](const family& f, const auto& known) {
    return f.name == known.first && std::ranges::equal(f.points, known.second, {}, &point::values);
  });
}

void mmv_layout::add(const family& f, std::uint32_t at, mmv_ids& ids) {
  metric m{.name = metric_name(f.name),
           .help = f.help.substr(0, kit::detail::utf8_cut(f.help, max_text)),
           .type = f.kind == metric_kind::counter ? type_int64 : type_double,
           .semantics = f.kind == metric_kind::counter ? counter_value : instant_value,
           .units = units_of(f)};
  const bool taken = std::ranges::find(metrics_, m.name, &metric::name) != metrics_.end();
  const auto item = taken ? std::nullopt : ids.items.of(m.name);
  if (!item || !add_instances(f, m, ids)) {
    ++left_out_;
    return;
  }
  m.item = *item;
  const auto per_point = f.kind == metric_kind::histogram ? statistics.size() : 1;
  auto next = m.domain == none ? none : domains_[m.domain].first;
  for (std::size_t p = 0; p < f.points.size(); ++p) {
    for (std::size_t i = 0; i < per_point; ++i) {
      values_.push_back({.metric = static_cast<std::uint32_t>(metrics_.size()),
                         .instance = next == none ? none : next++,
                         .family = at,
                         .point = static_cast<std::uint32_t>(p),
                         .statistic = static_cast<std::uint8_t>(i)});
    }
  }
  metrics_.push_back(std::move(m));
}

// Histograms without labels share a domain; what has labels has one of its own.
bool mmv_layout::add_instances(const family& f, metric& m, mmv_ids& ids) {
  const bool is_histogram = f.kind == metric_kind::histogram;
  if (f.labels.empty() && !is_histogram) return true;
  std::vector<std::string> names;
  for (const auto& p : f.points) {
    const auto labels = instance_name(f, p);
    if (!is_histogram) names.push_back(fitted(labels));
    for (const auto s : statistics)
      if (is_histogram)
        names.push_back(fitted(std::string(s) + (labels.empty() ? "" : ',' + labels)));
  }
  m.domain = add_domain(f.labels.empty() ? "histogram" : m.name + '.', names, ids);
  return m.domain != none;
}

std::uint32_t mmv_layout::add_domain(const std::string& name,
                                     const std::vector<std::string>& instances, mmv_ids& ids) {
  const auto key = shared_domains_.find(name);
  if (key != shared_domains_.end()) return key->second;
  const auto id = ids.domains.of(name);
  if (!id) return none;
  auto& numbers = ids.instances.try_emplace(name, max_instances).first->second;
  const auto at = static_cast<std::uint32_t>(domains_.size());
  domains_.push_back({.id = *id,
                      .first = static_cast<std::uint32_t>(instances_.size()),
                      .count = static_cast<std::uint32_t>(instances.size())});
  for (const auto& i : instances)
    instances_.push_back({.domain = at, .id = numbers.of(i).value_or(0), .name = i});
  return shared_domains_[name] = at;
}

}  // namespace kit::metrics::detail
