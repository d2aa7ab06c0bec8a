#pragma once

#include <string>

#include <kit/error.hpp>

namespace test {

/// What f was refused with, `<code>: <message>`; empty when it was not.
template <class F>
std::string refusal(F f) {
  try {
    f();
  } catch (const kit::error& e) {
    return std::string(name(e.code())) + ": " + std::string(e.message());
  }
  return "";
}

}  // namespace test
