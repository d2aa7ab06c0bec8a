#include <kit/codec/base64.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "json_check.hpp"

namespace base64 = kit::base64;
using test::there_and_back;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct pair {
  std::string_view plain, text;
};
// RFC 4648 section 10, and bits of all kinds.
constexpr pair vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xff\xfe\xfd", "//79"},
    {"\xfb\xef\xbe\x01", "++++AQ=="},
};

}  // namespace

TEST_CASE("base64: encodes with padding and decodes again") {
  for (const auto& [plain, text] : vectors) {
    CHECK(base64::encode(bytes_of(plain)) == text);
    CHECK(base64::encoded_size(plain.size()) == text.size());
    REQUIRE(base64::decode(text));
    CHECK(text_of(*base64::decode(text)) == plain);
  }
  std::string out = "x";
  base64::append(out, bytes_of("foo"));
  CHECK(out == "xZm9v");
}

TEST_CASE("base64: padding may be missing, and the alphabet be that of URLs") {
  for (const auto& [plain, text] : vectors) {
    std::string bare(text.substr(0, text.find('=')));
    for (char& c : bare)
      c = c == '+' ? '-' : c == '/' ? '_' : c;
    CAPTURE(bare);
    REQUIRE(base64::decode(bare));
    CHECK(text_of(*base64::decode(bare)) == plain);
  }
}

TEST_CASE("base64: anything else is refused") {
  for (const char* bad : {"Z", "Zg=", "Zg===", "=", "==", "====", "Z===", "Zh==", "Zm9=",
                          "Zm8=Zm8=", "Zm9v\n", "Zm 9v", "Zm9v====", "Zm9.", "Zg==x", "\xffg=="}) {
    CAPTURE(bad);
    CHECK_FALSE(base64::decode(bad));
  }
}

TEST_CASE("base64: every byte at every place") {
  for (std::size_t n = 1; n <= 6; ++n) {
    for (int b = 0; b < 256; ++b) {
      std::vector<std::byte> bytes(n, std::byte{0x5a});
      for (auto& place : bytes) {
        place = static_cast<std::byte>(b);
        REQUIRE(base64::decode(base64::encode(bytes)) == bytes);
      }
    }
  }
}

TEST_CASE("base64: without padding, by the alphabet of URLs, and nothing else") {
  for (const auto& [plain, text] : vectors) {
    std::string bare(text.substr(0, text.find('=')));
    for (char& c : bare)
      c = c == '+' ? '-' : c == '/' ? '_' : c;
    CHECK(base64::encode_url(bytes_of(plain)) == bare);
    CHECK(base64::decode_url(bare) == plain);
    if (bare != text) CHECK_FALSE(base64::decode_url(text));
  }
  std::string out = "x";
  base64::append_url(out, bytes_of("fo"));
  CHECK(out == "xZm8");
  for (const char* bad :
       {"Z", "Zg=", "Zg==", "=", "Zh", "Zm9", "Zm9v\n", "Zm 9v", " Zm9v", "Zm9.", "\xffg"}) {
    CAPTURE(bad);
    CHECK_FALSE(base64::decode_url(bad));
  }
  std::string every;
  for (int b = 0; b < 256; ++b) {
    every += static_cast<char>(b);
    REQUIRE(base64::decode_url(base64::encode_url(bytes_of(every))) == every);
  }
}

TEST_CASE("json: bytes are base64") {
  using three = std::array<std::byte, 3>;
  CHECK(there_and_back<std::vector<std::byte>>("\"Zm9vYg==\"") == "\"Zm9vYg==\"");
  CHECK(there_and_back<std::vector<std::byte>>("\"-_-_\"") == "\"+/+/\"");
  CHECK(there_and_back<std::vector<std::byte>>("\"\\u005am9v\"") == "\"Zm9v\"");
  CHECK(there_and_back<std::vector<std::byte>>("\"\"") == "\"\"");
  CHECK(there_and_back<std::vector<std::byte>>("\"Zm9\\n\"") ==
        "$: expected base64, got \"Zm9?\" at byte 0");
  CHECK(there_and_back<std::vector<std::byte>>("[1]") == "$: expected string, got array at byte 0");
  CHECK(there_and_back<three>("\"Zm9v\"") == "\"Zm9v\"");
  CHECK(there_and_back<three>("\"Zm8=\"") == "$: expected 3 bytes, got 2 at byte 0");
  CHECK(there_and_back<std::vector<unsigned char>>("[0,255]") == "[0,255]");
}
