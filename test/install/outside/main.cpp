// A program outside Cokit's tree that uses an installed Cokit. It answers 0 when all is well.
#include <kit/error.hpp>
#include <kit/result.hpp>

kit::result<int> half(int n) {
  if (n % 2 != 0) return kit::fail(kit::errc::invalid_argument, "odd");
  return n / 2;
}

int main() {
  const auto refused = half(3);
  const bool right = half(4) == 2 && !refused && refused.error() == kit::errc::invalid_argument &&
                     kit::name(refused.error().code()) == "invalid_argument";
  return right ? 0 : 1;
}
