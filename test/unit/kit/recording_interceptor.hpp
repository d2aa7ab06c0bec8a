#pragma once

#include <optional>
#include <string>

#include <kit/interceptor.hpp>
#include <kit/testing/recording_log.hpp>

namespace test {

// Records when it is entered and left, and may refuse.
struct recording {
  kit::testing::recording_log log;
  std::string name;
  std::optional<kit::error> refusal;

  kit::result<void> enter(kit::call&) {
    log.add("enter " + name);
    if (refusal) return kit::fail(*refusal);
    return {};
  }
  void leave(kit::call& c) noexcept {
    log.add("leave " + name + " " + std::string(kit::name(c.outcome().code())));
  }
};

}  // namespace test
