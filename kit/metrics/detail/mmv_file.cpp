// The bytes of a file of PCP's memory-mapped values.
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include <kit/metrics/detail/mmv.hpp>

namespace kit::metrics::detail {
namespace {

constexpr std::size_t short_name = 63;
constexpr std::size_t string_size = 256;
constexpr std::size_t domain_size = 32;
constexpr std::size_t value_size = 32;
constexpr std::size_t second_generation = 16;  // its place in the header
constexpr std::int32_t while_process_lives = 2;

enum section : std::int32_t { domains = 1, instances, metrics, values, strings };

// Each value taken to lie in the middle of its bucket.
double variance_of(const histogram_data& h) {
  if (h.count == 0) return 0;
  const auto e = h.with_bounds();
  const double mean = h.mean();
  const double least = h.min.value_or(mean);
  const double most = h.max.value_or(mean);
  double sum = 0;
  double lower = least;
  for (std::size_t i = 0; i < e.counts.size(); ++i) {
    const double upper = i < e.bounds.size() ? std::clamp(e.bounds[i], least, most) : most;
    const double off = (lower + upper) / 2 - mean;
    sum += static_cast<double>(e.counts[i]) * off * off;
    lower = upper;
  }
  return sum / static_cast<double>(h.count);
}

double statistic_of(const histogram_data& h, std::size_t which) {
  switch (which) {
    case 0:
      return h.min.value_or(0);
    case 1:
      return h.max.value_or(0);
    case 2:
      return h.mean();
    case 3:
      return variance_of(h);
    default:
      return std::sqrt(variance_of(h));
  }
}

std::uint64_t bits_of(const family& f, const point& p, std::size_t statistic) {
  if (f.kind == metric_kind::histogram) {
    return std::bit_cast<std::uint64_t>(statistic_of(p.histogram, statistic));
  }
  if (f.kind != metric_kind::counter) return std::bit_cast<std::uint64_t>(p.value);
  return p.value < 0x1p63 ? static_cast<std::uint64_t>(p.value) : std::uint64_t{INT64_MAX};
}

// Numbers are as the machine has them.
class writer {
 public:
  template <class T>
  void number(T n) {
    out_.append(reinterpret_cast<const char*>(&n), sizeof n);
  }
  void text(std::string_view t, std::size_t room) {
    out_ += t;
    out_.append(room - t.size(), '\0');
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

// The strings at the end of a file. Those that are empty have the place 0.
class string_table {
 public:
  explicit string_table(std::size_t begin) : begin_(begin) {}
  std::uint64_t add(std::string_view text) {
    if (text.empty()) return 0;
    texts_.push_back(text);
    return begin_ + (texts_.size() - 1) * string_size;
  }
  void write(writer& to) const {
    for (const auto t : texts_)
      to.text(t, string_size);
  }

 private:
  std::size_t begin_;
  std::vector<std::string_view> texts_;
};

void store(std::span<std::byte> file, std::size_t at, std::uint64_t bits) {
  auto* place = reinterpret_cast<std::uint64_t*>(file.data() + at);
  std::atomic_ref(*place).store(bits, std::memory_order_release);
}

}  // namespace

// Names that don't fit into the fields of version 1 are strings in version 2.
std::uint32_t mmv_layout::version() const noexcept {
  const auto is_long = [](const auto& named) { return named.name.size() > short_name; };
  return std::ranges::any_of(metrics_, is_long) || std::ranges::any_of(instances_, is_long) ? 2 : 1;
}

struct mmv_layout::offsets {
  struct entry {
    section kind;
    std::size_t count;
    std::size_t place;
  };
  bool long_names = false;
  std::size_t instance_size = 80;
  std::size_t metric_size = 104;
  std::vector<entry> contents = {};  // of what there is
  std::size_t domains = 0;
  std::size_t instances = 0;
  std::size_t metrics = 0;
  std::size_t values = 0;
  std::size_t strings = 0;
};

mmv_layout::offsets mmv_layout::places() const {
  offsets o;
  if (version() == 2) o = {.long_names = true, .instance_size = 24, .metric_size = 48};
  auto texts = static_cast<std::size_t>(
      std::ranges::count_if(metrics_, [](const metric& m) { return !m.help.empty(); }));
  if (o.long_names) texts += metrics_.size() + instances_.size();
  const std::array sizes{domains_.size(), instances_.size(), metrics_.size(), values_.size(),
                         texts};
  const auto sections =
      static_cast<std::size_t>(std::ranges::count_if(sizes, [](std::size_t n) { return n > 0; }));
  std::size_t end = 40 + 16 * sections;
  const auto place = [&](section kind, std::size_t count, std::size_t size) {
    const auto begin = end;
    if (count > 0) o.contents.push_back({kind, count, begin});
    end += count * size;
    return begin;
  };
  o.domains = place(section::domains, domains_.size(), domain_size);
  o.instances = place(section::instances, instances_.size(), o.instance_size);
  o.metrics = place(section::metrics, metrics_.size(), o.metric_size);
  o.values = place(section::values, values_.size(), value_size);
  o.strings = place(section::strings, texts, string_size);
  return o;
}

// Writes one after the other.
struct mmv_layout::sections {
  const mmv_layout& of;
  const offsets& o;
  writer& w;
  string_table strings{o.strings};

  void header(std::uint64_t generation, std::int32_t pid, std::uint32_t cluster);
  void contents();
  void domains();
  void instances();
  void metrics();
  void values();
  void name(const std::string& text);
};

void mmv_layout::sections::header(std::uint64_t generation, std::int32_t pid,
                                  std::uint32_t cluster) {
  w.text("MMV", 4);
  w.number(std::uint32_t{o.long_names ? 2u : 1u});
  w.number(generation);
  w.number(std::uint64_t{0});
  w.number(static_cast<std::int32_t>(o.contents.size()));
  w.number(while_process_lives);
  w.number(pid);
  w.number(cluster);
}

void mmv_layout::sections::contents() {
  for (const auto& c : o.contents) {
    w.number(c.kind);
    w.number(static_cast<std::int32_t>(c.count));
    w.number(std::uint64_t{c.place});
  }
}

void mmv_layout::sections::domains() {
  for (const auto& d : of.domains_) {
    w.number(d.id);
    w.number(d.count);
    w.number(std::uint64_t{o.instances + d.first * o.instance_size});
    w.number(std::uint64_t{0});  // no texts
    w.number(std::uint64_t{0});
  }
}

void mmv_layout::sections::instances() {
  for (const auto& i : of.instances_) {
    w.number(std::uint64_t{o.domains + i.domain * domain_size});
    w.number(std::uint32_t{0});
    w.number(i.id);
    name(i.name);
  }
}

void mmv_layout::sections::metrics() {
  for (const auto& m : of.metrics_) {
    name(m.name);
    w.number(m.item);
    w.number(m.type);
    w.number(m.semantics);
    w.number(m.units);
    w.number(m.domain == none ? none : of.domains_[m.domain].id);
    w.number(std::uint32_t{0});
    w.number(strings.add(m.help));
    w.number(std::uint64_t{0});  // no longer text
  }
}

void mmv_layout::sections::values() {
  for (const auto& v : of.values_) {
    w.number(std::uint64_t{0});
    w.number(std::uint64_t{0});
    w.number(std::uint64_t{o.metrics + v.metric * o.metric_size});
    w.number(std::uint64_t{v.instance == none ? 0 : o.instances + v.instance * o.instance_size});
  }
}

void mmv_layout::sections::name(const std::string& text) {
  o.long_names ? w.number(strings.add(text)) : w.text(text, short_name + 1);
}

std::string mmv_layout::file(std::uint64_t generation, std::int32_t pid,
                             std::uint32_t cluster) const {
  const auto o = places();
  writer w;
  sections s{.of = *this, .o = o, .w = w};
  s.header(generation, pid, cluster);
  s.contents();
  s.domains();
  s.instances();
  s.metrics();
  s.values();
  s.strings.write(w);
  return w.take();
}

void mmv_layout::write_values(const snapshot& s, std::span<std::byte> file) const {
  auto at = places().values;
  for (const auto& v : values_) {
    const auto& f = s.families[v.family];
    store(file, at, bits_of(f, f.points[v.point], v.statistic));
    at += value_size;
  }
}

void mmv_layout::write_generation(std::uint64_t generation, std::span<std::byte> file) {
  store(file, second_generation, generation);
}

}  // namespace kit::metrics::detail
