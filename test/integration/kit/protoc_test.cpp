// Protobuf's own compiler reads our .proto text, what we encode, and gives us what it encoded.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include <kit/codec/protobuf.hpp>
#include <kit/codec/protobuf_schema.hpp>

#include "../../support/protobuf_random.hpp"

using namespace std::chrono_literals;
namespace protobuf = kit::protobuf;
using test::everything;

namespace {

/// A directory with the .proto files, in which protoc runs.
class protoc {
 public:
  protoc() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cokit-protoc-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw std::runtime_error("no directory for the test");
    directory_ = pattern;
    std::filesystem::create_directories(directory_ / "google/protobuf");
    // Protobuf's own files come with another package.
    write("google/protobuf/duration.proto", well_known("Duration"));
    write("google/protobuf/timestamp.proto", well_known("Timestamp"));
    write("all.proto", protobuf::schema<everything>({.package = "test"}));
  }
  protoc(const protoc&) = delete;
  ~protoc() { std::filesystem::remove_all(directory_); }

  /// What it writes, having read `input`. Throws when it complains.
  std::string run(const std::string& arguments, const std::string& input = {}) const {
    write("input", input);
    const std::string command = "cd '" + directory_.string() + "' && protoc " + arguments +
                                " all.proto <input >output 2>errors";
    if (std::system(command.c_str()) != 0) throw std::runtime_error("protoc: " + read("errors"));
    return read("output");
  }
  std::string decode(const std::string& bytes) const {
    return run("--decode=test.everything", bytes);
  }
  std::string encode(const std::string& text) const {
    return run("--deterministic_output --encode=test.everything", text);
  }

 private:
  static std::string well_known(const std::string& name) {
    return "syntax = \"proto3\"; package google.protobuf; message " + name +
           " { int64 seconds = 1; int32 nanos = 2; }";
  }
  void write(const std::string& name, const std::string& content) const {
    std::ofstream(directory_ / name, std::ios::binary) << content;
  }
  std::string read(const std::string& name) const {
    std::ifstream file(directory_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::filesystem::path directory_;
};

everything example() {
  everything v;
  v.flag = true;
  v.tiny = -8;
  v.small = 65535;
  v.i32 = -32;
  v.u32 = 4294967295;
  v.i64 = INT64_MIN;
  v.u64 = UINT64_MAX;
  v.s32 = -33;
  v.s64 = INT64_MIN;
  v.f32 = 32;
  v.f64 = UINT64_MAX;
  v.sf32 = -34;
  v.sf64 = INT64_MIN;
  v.real = 1.5F;
  v.real64 = -0.25;
  v.text = "caf\xc3\xa9";
  v.bytes = {std::byte{0}, std::byte{255}};
  v.four_bytes = {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
  v.color = test::hue::infra_red;
  v.at = {0.5, -1};
  v.maybe_int = 0;
  v.maybe_text = "";
  v.maybe_at.emplace();
  v.next = std::make_unique<everything>();
  v.ints = {1, -1};
  v.zigzags = {-1, 1};
  v.fixeds = {1};
  v.reals = {0.5};
  v.flags = {true, false};
  v.colors = {test::hue::green, test::hue::none};
  v.texts = {"", "a"};
  v.list.emplace_back().flag = true;
  v.unique = {3, 4};
  v.by_text = {{"k", -5}};
  v.by_int = {{-6, {1, 2}}};
  v.by_flag = {{true, test::hue::dark_red}};
  v.either = std::int64_t{-7};
  v.took = -1500ms;
  v.when = std::chrono::system_clock::time_point(1'500'000'000'250ms);
  v.pauses = {2s};
  return v;
}

constexpr const char* example_text = R"(flag: true
tiny: -8
small: 65535
i32: -32
u32: 4294967295
i64: -9223372036854775808
u64: 18446744073709551615
s32: -33
s64: -9223372036854775808
f32: 32
f64: 18446744073709551615
sf32: -34
sf64: -9223372036854775808
real: 1.5
real64: -0.25
text: "caf\303\251"
bytes: "\000\377"
four_bytes: "\001\002\003\004"
color: HUE_INFRA_RED
at {
  x: 0.5
  y: -1
}
maybe_int: 0
maybe_text: ""
maybe_at {
}
next {
}
ints: 1
ints: -1
zigzags: -1
zigzags: 1
fixeds: 1
reals: 0.5
flags: true
flags: false
colors: HUE_GREEN
colors: HUE_NONE
texts: ""
texts: "a"
list {
  flag: true
}
unique: 3
unique: 4
by_text {
  key: "k"
  value: -5
}
by_int {
  key: -6
  value {
    x: 1
    y: 2
  }
}
by_flag {
  key: true
  value: HUE_DARK_RED
}
either_int: -7
took {
  seconds: -1
  nanos: -500000000
}
when {
  seconds: 1500000000
  nanos: 250000000
}
pauses {
  seconds: 2
}
)";

}  // namespace

TEST_CASE("protobuf: protoc compiles the .proto text") {
  CHECK(protoc().run("--descriptor_set_out=/dev/null").empty());
}

TEST_CASE("protobuf: protoc reads what is encoded, and its bytes are ours") {
  const protoc compiler;
  const auto bytes = protobuf::encode(example()).value();
  CHECK(compiler.decode(bytes) == example_text);
  const auto theirs = compiler.encode(example_text);
  CHECK(theirs == bytes);
  CHECK(test::same(protobuf::decode<everything>(theirs).value(), example()));
}

TEST_CASE("protobuf: random messages come back through protoc") {
  const protoc compiler;
  for (std::uint32_t seed = 1000; seed < 1020; ++seed) {
    const auto value = test::random_message(seed);
    const auto bytes = protobuf::encode(value).value();
    const auto theirs = compiler.encode(compiler.decode(bytes));
    CHECK(theirs.size() == bytes.size());
    const auto again = protobuf::decode<everything>(theirs, {.refuse_unknown = true});
    REQUIRE(again.has_value());
    CHECK(test::same(*again, value));
  }
}

TEST_CASE("protobuf: protoc refuses what is refused") {
  const protoc compiler;
  for (const std::string bytes : {"\x20", "\x82\x01\x02x", "\x82\x01\x01\xff", "\x04", "\x07"}) {
    CHECK_FALSE(protobuf::decode<everything>(bytes).has_value());
    if (bytes == "\x82\x01\x01\xff") continue;  // protoc only warns of text that isn't UTF-8
    CHECK_THROWS_AS(compiler.decode(bytes), std::runtime_error);
  }
}
