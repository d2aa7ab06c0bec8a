#include <transports/http/detail/scan.hpp>

#include <random>
#include <string>

#include <doctest/doctest.h>

namespace scan = kit::http::scan;

namespace {

using search = const char* (*)(const char*, const char*) noexcept;

struct pair {
  const char* name;
  search fast;
  search portable;
};

constexpr pair searches[] = {
    {"control", scan::find_control, scan::portable::find_control},
    {"not token", scan::find_not_token, scan::portable::find_not_token},
    {"not target", scan::find_not_target, scan::portable::find_not_target},
};

}  // namespace

TEST_CASE("scan: every byte at every place of a block gives the same in both versions") {
  for (const auto& s : searches) {
    CAPTURE(s.name);
    for (std::size_t size = 0; size <= 50; ++size) {
      for (std::size_t at = 0; at < size; ++at) {
        for (int byte = 0; byte < 256; ++byte) {
          std::string text(size, 'a');
          text[at] = static_cast<char>(byte);
          const char* end = text.data() + size;
          if (s.fast(text.data(), end) != s.portable(text.data(), end)) FAIL("differ at ", byte);
        }
      }
    }
    CHECK(s.fast(nullptr, nullptr) == nullptr);
  }
}

TEST_CASE("scan: random texts give the same in both versions") {
  std::mt19937 random(3);
  for (int i = 0; i < 100'000; ++i) {
    std::string text(random() % 70, 'x');
    for (char& c : text) {
      // Mostly characters that some search passes over.
      c = static_cast<char>(random() % 8 == 0 ? random() % 256 : '!' + random() % 90);
    }
    for (const auto& s : searches) {
      const char* end = text.data() + text.size();
      if (s.fast(text.data(), end) != s.portable(text.data(), end)) FAIL(s.name, " differs");
    }
  }
}
