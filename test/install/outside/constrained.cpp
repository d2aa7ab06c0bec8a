// A program outside Cokit's tree that uses an installed cokit-pattern. It answers 0 when all is
// well.
#include <string>

#include <kit/constraints.hpp>
#include <kit/constraints/pattern.hpp>

namespace {

struct item {
  std::string sku;
};

}  // namespace

template <>
struct kit::constraints<item> {
  static constexpr auto fields =
      kit::constrain(kit::field<&item::sku>(kit::pattern("[A-Z]{2}[0-9]+")));
};

int main() {
  kit::prepare_constraints<item>();
  return kit::check(item{"AB12"}).empty() && !kit::check(item{"12AB"}).empty() ? 0 : 1;
}
