#include <kit/constraints/facts.hpp>

#include <algorithm>
#include <utility>

namespace kit {
namespace {

using number = constraint_facts::number;

void keep_larger(std::optional<number>& kept, number n) {
  if (!kept || kept->value < n.value) kept = std::move(n);
}
void keep_smaller(std::optional<number>& kept, number n) {
  if (!kept || n.value < kept->value) kept = std::move(n);
}

}  // namespace

void constraint_facts::add_minimum(number n) {
  keep_larger(minimum, std::move(n));
}
void constraint_facts::add_maximum(number n) {
  keep_smaller(maximum, std::move(n));
}
void constraint_facts::add_above(number n) {
  keep_larger(above, std::move(n));
}
void constraint_facts::add_below(number n) {
  keep_smaller(below, std::move(n));
}
void constraint_facts::add_min_size(std::size_t n) {
  min_size = std::max(min_size.value_or(n), n);
}
void constraint_facts::add_max_size(std::size_t n) {
  max_size = std::min(max_size.value_or(n), n);
}

void constraint_facts::add_values(std::vector<constant> all) {
  if (values) {
    std::erase_if(all, [this](const constant& c) {
      return std::find(values->begin(), values->end(), c) == values->end();
    });
  }
  values = std::move(all);
}

}  // namespace kit
