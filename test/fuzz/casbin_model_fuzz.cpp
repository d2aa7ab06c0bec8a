// Any text as a model: it is refused, or what it defines can be written down and read again, and
// requests get an answer.
#include <kit/error.hpp>
#include <middleware/auth/casbin/enforcer.hpp>

#include "fuzz.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace {

namespace casbin = kit::casbin;

std::string_view section_of(char letter) {
  switch (letter) {
    case 'r':
      return "[request_definition]";
    case 'p':
      return "[policy_definition]";
    case 'g':
      return "[role_definition]";
    case 'e':
      return "[policy_effect]";
    default:
      return "[matchers]";
  }
}

void read_again(const casbin::model& m) {
  std::string text;
  casbin::model built;
  for (const auto& d : m.definitions()) {
    built.add(d.key, d.text);
    text += std::string(section_of(d.key.front())) + '\n' + d.key + " = " + d.text + '\n';
    if (d.text.ends_with('\\')) return;  // would go on in the next line
  }
  const auto again = casbin::model::parse(text);
  FUZZ_REQUIRE(again.has_value());
  FUZZ_REQUIRE(again->definitions().size() == m.definitions().size());
  for (std::size_t i = 0; i < m.definitions().size(); ++i) {
    FUZZ_REQUIRE(again->definitions()[i].key == m.definitions()[i].key);
    FUZZ_REQUIRE(again->definitions()[i].text == m.definitions()[i].text);
    FUZZ_REQUIRE(built.definitions()[i].text == m.definitions()[i].text);
  }
}

void judge(const casbin::model& m) {
  const auto& fields = m.find("r")->text;
  const auto count = 1 + std::count(fields.begin(), fields.end(), ',');
  try {
    const casbin::enforcer e(m);
    const std::vector<casbin::value> request(static_cast<std::size_t>(count), "a");
    (void)e.try_enforce(request);
    FUZZ_REQUIRE(!e.try_enforce(std::vector<casbin::value>()).has_value());
  } catch (const kit::error& e) {
    FUZZ_REQUIRE(e == kit::errc::invalid_argument);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::tight text({reinterpret_cast<const char*>(data), size});
  const auto m = casbin::model::parse(text.view());
  if (!m) return 0;
  read_again(*m);
  judge(*m);
  return 0;
}
