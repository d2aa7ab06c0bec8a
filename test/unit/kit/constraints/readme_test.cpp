// What the README shows of constraints.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kit/constraints.hpp>
#include <kit/constraints/pattern.hpp>
#include <kit/service.hpp>
#include <kit/testing/loop.hpp>
#include <middleware/validate.hpp>

// [constraints]
struct purchase {
  std::string sku;
  int count = 1;
  std::vector<std::string> tags = {};
  std::optional<std::string> note = {};
};

template <>
struct kit::constraints<purchase> {
  static constexpr auto fields =
      kit::constrain(kit::field<&purchase::sku>(kit::length(1, 64), kit::pattern("[A-Z0-9-]+")),
                     kit::field<&purchase::count>(kit::range(1, 100)),
                     kit::field<&purchase::tags>(kit::max_items(8), kit::each(kit::length(1, 20))));

  static void check(const purchase& p, kit::violations_of<purchase>& found) {
    if (p.count > 10 && !p.note) found.add<&purchase::note>("a note with more than 10");
  }
};
// [end]

namespace {

struct shop {
  kit::endpoint<purchase, kit::empty> buy;
};

}  // namespace

TEST_CASE("readme: constraints") {
  kit::testing::loop loop;
  const auto wrapped = kit::wrap(shop{kit::nop<purchase>()}, kit::middleware::validate());
  CHECK(loop.start(wrapped.buy.try_call(purchase{"TEA"})).value().has_value());
  CHECK(loop.start(wrapped.buy.try_call(purchase{"TEA", 0, {"new", ""}})).error().message() ==
        std::string("invalid request: count: expected 1 to 100, got 0; "
                    "tags[1]: expected 1 to 20 characters, got 0 characters"));
  CHECK(kit::check(purchase{"TEA", 11}).text(1) ==
        "note: expected a note with more than 10, got nothing");
}
