#include <kit/testing/metrics.hpp>

#include <cmath>
#include <numbers>
#include <numeric>
#include <regex>
#include <utility>

#include <kit/codec/text.hpp>
#include <kit/error.hpp>

namespace kit::testing {
namespace {

std::string text_of(double v) {
  std::string out;
  std::string problem;
  if (!text::append(out, v, problem)) out = std::isnan(v) ? "NaN" : v > 0 ? "+Inf" : "-Inf";
  return out;
}

double standard_below(double x) {
  return std::erfc(-x / std::numbers::sqrt2) / 2;
}

const metrics::point& point_in(const metrics::snapshot& s, std::string_view name,
                               const std::vector<std::string_view>& values) {
  const auto* f = s.find(name);
  const auto* p = f ? f->find(values) : nullptr;
  if (p) return *p;
  std::string series(name);
  for (const auto v : values)
    series.append(" ").append(v);
  throw error(errc::not_found, "the snapshot has no series " + series);
}

std::vector<double> some_in_lines(std::string_view text, const std::string& pattern) {
  auto numbers = numbers_in_lines(text, pattern);
  if (numbers.empty()) throw error(errc::not_found, "no line matches " + pattern);
  return numbers;
}

}  // namespace

std::vector<double> some_numbers(random_source& random) {
  std::vector<double> numbers(100);
  std::iota(numbers.begin(), numbers.end(), 0.0);
  for (std::size_t i = numbers.size() - 1; i > 0; --i)
    std::swap(numbers[i], numbers[random.below(i + 1)]);
  numbers.resize(1 + random.below(numbers.size()));
  return numbers;
}

double normal::quantile(double q) const {
  double low = -40;
  double high = 40;
  for (int i = 0; i < 200; ++i) {
    const double middle = (low + high) / 2;
    (standard_below(middle) < q ? low : high) = middle;
  }
  return mean + deviation * low;
}

double normal::count_below(double value) const {
  return static_cast<double>(count) * standard_below((value - mean) / deviation);
}

std::vector<double> normal::values(random_source& random) const {
  std::vector<double> out(count);
  for (auto& v : out) {  // Box and Muller, 1958
    const double radius = std::sqrt(-2 * std::log(1 - random.uniform()));
    v = mean + deviation * radius * std::cos(2 * std::numbers::pi * random.uniform());
    v = std::max(v, 0.0);
  }
  return out;
}

std::string wrong_value(double want, double have) {
  if (want == have) return {};
  return "want " + text_of(want) + ", have " + text_of(have);
}

std::string wrong_gauge(const std::vector<double>& had, std::vector<double> shown) {
  if (shown.empty()) return "no value is shown";
  if (shown.size() == 1) return wrong_value(had.back(), shown.front());
  auto want = had;
  std::ranges::sort(want);
  std::ranges::sort(shown);
  if (want == shown) return {};
  return "want " + std::to_string(want.size()) + " values, the last " + text_of(had.back()) +
         "; have " + std::to_string(shown.size()) + ", not the same";
}

std::string wrong_quantiles(const std::function<double(double)>& quantile, double tolerance,
                            const normal& n) {
  std::string wrong;
  for (const double q : {0.5, 0.9, 0.95, 0.99}) {
    const double want = n.quantile(q);
    const double have = quantile(q);
    if (std::abs(have - want) <= want * tolerance) continue;
    if (!wrong.empty()) wrong += "; ";
    wrong += "quantile " + text_of(q) + ": " + wrong_value(want, have);
  }
  return wrong;
}

std::vector<double> numbers_in_lines(std::string_view text, const std::string& pattern) {
  const std::regex line(pattern);
  std::vector<double> numbers;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string one(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    std::smatch match;
    if (!std::regex_match(one, match, line)) continue;
    double v = 0;
    std::string expected;
    if (match.size() < 2 || !text::parse(match.str(1), v, expected)) {
      throw error(errc::invalid_argument, "no number in the line: " + one);
    }
    numbers.push_back(v);
  }
  return numbers;
}

double sum_lines(std::string_view text, const std::string& pattern) {
  const auto numbers = numbers_in_lines(text, pattern);
  return std::accumulate(numbers.begin(), numbers.end(), 0.0);
}

double last_line(std::string_view text, const std::string& pattern) {
  return some_in_lines(text, pattern).back();
}

double quantile_of_lines(std::string_view text, const std::string& pattern, double q) {
  auto numbers = some_in_lines(text, pattern);
  std::ranges::sort(numbers);
  const double rank = std::clamp(q, 0.0, 1.0) * static_cast<double>(numbers.size() - 1);
  return numbers[static_cast<std::size_t>(std::lround(rank))];
}

double value_in(const metrics::snapshot& s, std::string_view name,
                const std::vector<std::string_view>& values) {
  return point_in(s, name, values).value;
}

metrics::histogram_data histogram_in(const metrics::snapshot& s, std::string_view name,
                                     const std::vector<std::string_view>& values) {
  return point_in(s, name, values).histogram;
}

}  // namespace kit::testing
