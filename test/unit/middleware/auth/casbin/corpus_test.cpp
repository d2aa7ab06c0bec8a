// casbin's own example models and policies, with the decisions that Go casbin and node-casbin make.
#include <middleware/auth/casbin/enforcer.hpp>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kit/codec/json.hpp>

namespace casbin = kit::casbin;

namespace {

struct corpus_case {
  std::vector<casbin::value> r;
  bool allow = false;
};
struct corpus_file {
  std::string model;
  std::string policy;
  std::vector<corpus_case> cases;
};

corpus_file read(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return kit::json::decode<corpus_file>(text.str()).value();
}

std::size_t judge(const corpus_file& file) {
  const casbin::enforcer enforcer(casbin::model::parse(file.model).value(),
                                  casbin::policy::parse(file.policy).value());
  std::size_t right = 0;
  for (const auto& c : file.cases) {
    const auto allowed = enforcer.try_enforce(c.r);
    REQUIRE(allowed.has_value());
    right += *allowed == c.allow ? 1U : 0U;
  }
  return right;
}

}  // namespace

TEST_CASE("casbin: decides as Go casbin and node-casbin do, in all cases of the corpus") {
  std::size_t files = 0;
  std::size_t cases = 0;
  for (const auto& entry : std::filesystem::directory_iterator(COKIT_TESTDATA "/casbin")) {
    if (entry.path().extension() != ".json") continue;
    const auto name = entry.path().stem().string();
    CAPTURE(name);
    const auto file = read(entry.path());
    CHECK(judge(file) == file.cases.size());
    ++files;
    cases += file.cases.size();
  }
  CHECK(files == 24);
  CHECK(cases == 1308);
}

TEST_CASE("casbin: comments in a model don't count") {
  const auto file = read(COKIT_TESTDATA "/casbin/comment.json");
  const casbin::enforcer enforcer(casbin::model::parse(file.model).value(),
                                  casbin::policy::parse(file.policy).value());
  CHECK(enforcer.enforce({"alice", "data1", "read"}));
  CHECK_FALSE(enforcer.enforce({"alice", "data2", "read"}));
}
