#include <kit/random.hpp>

#include <random>

namespace kit {

random_source random_source::from_entropy() {
  std::random_device device;
  const auto high = static_cast<std::uint64_t>(device());
  return random_source(high << 32 ^ device());
}

}  // namespace kit
