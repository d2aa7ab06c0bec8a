// A program outside Cokit's tree that uses an installed core. It answers 0 when all is well.
#include <sstream>
#include <string>

#include <kit/codec/json.hpp>
#include <kit/error.hpp>
#include <kit/log/logger.hpp>
#include <kit/log/sinks.hpp>
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

  std::ostringstream out;
  const kit::log::logger log({.sink = kit::log::ostream_sink(out)});
  log.info("read", "item", *read);
  const bool logged = out.str() == R"(level=info msg=read item="{\"name\":\"tea\",\"count\":2}")"
                                   "\n";
  return right && logged ? 0 : 1;
}
