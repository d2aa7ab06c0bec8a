#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <kit/codec/protobuf_schema.hpp>

namespace protobuf = kit::protobuf;

namespace {

enum class color { red, darkGreen = 2 };
enum class level { low = 1, high = -4 };
enum class kind { KIND_NONE, KIND_SOME };

struct item {
  std::string name;
  std::optional<color> tint;
  std::vector<item> parts;
};

namespace other {
struct item {
  level how = level::low;
};
}  // namespace other

struct order {
  std::int64_t id = 0;
  std::map<std::uint32_t, other::item> others;
  item first;
  std::unique_ptr<order> next;
  std::variant<std::monostate, std::string, item> payment;
  std::chrono::seconds within{};
  std::vector<std::uint64_t> counts;
  kind what{};
  int left_out = 0;
};

struct odd_names {
  int a = 0, b = 0;
};

class money {
 public:
  money() = default;
};
struct money_message {
  std::int64_t units = 0;
};
struct bill {
  money total;
  std::vector<money> parts;
};

}  // namespace

template <>
struct kit::reflect_traits<order> {
  static constexpr std::string_view name = "Order";
  static constexpr std::string_view comment = "What somebody wants.\n\nAnd pays for.";
  static constexpr auto fields = kit::fields(
      kit::field<&order::id>("order_id").number(1).zigzag().comment("Unique."),
      kit::field<&order::others>().number(2).fixed(), kit::field<&order::first>().number(3),
      kit::field<&order::next>().number(4),
      kit::field<&order::payment>().comment("How.").alternatives(
          kit::alternative("cash").number(9).comment("Coins."),
          kit::alternative("goods").number(5)),
      kit::field<&order::within>().number(7), kit::field<&order::counts>().number(6).fixed(),
      kit::field<&order::what>().number(8), kit::field<&order::left_out>().skip());
};
template <>
struct kit::reflect_traits<odd_names> {
  static constexpr std::string_view name = "2 odd-names";
  static constexpr auto fields =
      kit::fields(kit::field<&odd_names::a>("b-c"), kit::field<&odd_names::b>("9"));
};
template <>
struct kit::protobuf::codec<money> {
  using wire_type = money_message;
  static money_message to_wire(const money&) { return {}; }
};

TEST_CASE("protobuf schema: messages, enums and what they consist of, each once") {
  CHECK(protobuf::schema<order, item>({.package = "shop.v1"}) == R"(syntax = "proto3";

package shop.v1;

import "google/protobuf/duration.proto";

// What somebody wants.
//
// And pays for.
message Order {
  // Unique.
  sint64 order_id = 1;
  map<fixed32, item> others = 2;
  item_2 first = 3;
  optional Order next = 4;
  // How.
  oneof payment {
    item_2 goods = 5;
    // Coins.
    string cash = 9;
  }
  repeated fixed64 counts = 6;
  google.protobuf.Duration within = 7;
  kind what = 8;
}

message item {
  level how = 1;
}

enum level {
  LEVEL_UNSPECIFIED = 0;
  LEVEL_HIGH = -4;
  LEVEL_LOW = 1;
}

message item_2 {
  string name = 1;
  optional color tint = 2;
  repeated item_2 parts = 3;
}

enum color {
  COLOR_RED = 0;
  COLOR_DARK_GREEN = 2;
}

enum kind {
  KIND_NONE = 0;
  KIND_SOME = 1;
}
)");
}

TEST_CASE("protobuf schema: names become identifiers") {
  CHECK(protobuf::schema<odd_names>() == R"(syntax = "proto3";

message _2_odd_names {
  int32 b_c = 1;
  int32 _9 = 2;
}
)");
}

TEST_CASE("protobuf schema: a type with a codec is what it's written as") {
  CHECK(protobuf::schema<bill>() == R"(syntax = "proto3";

message bill {
  money_message total = 1;
  repeated money_message parts = 2;
}

message money_message {
  int64 units = 1;
}
)");
}
