// A program outside Cokit's tree that uses an installed core. It answers 0 when all is well.
#include <string>

#include <kit/codec/json.hpp>
#include <kit/error.hpp>
#include <kit/result.hpp>

struct item {
  std::string name;
  int count = 0;
};

int main() {
  const auto read = kit::json::decode<item>(R"({"name": "tea", "count": 2})");
  const auto refused = kit::json::decode<item>(R"({"name": "tea", "count": "two"})");
  const bool right = read && kit::json::encode(*read) == R"({"name":"tea","count":2})" &&
                     !refused && refused.error() == kit::errc::invalid_argument;
  return right ? 0 : 1;
}
