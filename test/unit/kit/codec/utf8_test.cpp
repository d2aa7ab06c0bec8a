#include <kit/codec/utf8.hpp>

#include <string>

#include <doctest/doctest.h>

TEST_CASE("utf8: valid text stays as it is") {
  for (const std::string text : {"", "plain", "J\u00fcrgen \u20ac \U0001f600", "a\0b"}) {
    CAPTURE(text);
    CHECK(kit::is_utf8(text));
    CHECK(kit::to_utf8(text) == text);
  }
}

TEST_CASE("utf8: each byte of no character becomes one replacement character") {
  CHECK_FALSE(kit::is_utf8("\xff"));
  CHECK(kit::to_utf8("\xff") == "\ufffd");
  CHECK(kit::to_utf8("a\x80z") == "a\ufffdz");
  CHECK(kit::to_utf8("\xc3(") == "\ufffd(");
  CHECK(kit::to_utf8("long enough to be read in words \xe2\x82") ==
        "long enough to be read in words \ufffd\ufffd");
  CHECK(kit::to_utf8("\xed\xa0\x80") == "\ufffd\ufffd\ufffd");  // a surrogate
  CHECK(kit::to_utf8("\xc0\xaf") == "\ufffd\ufffd");            // overlong
  CHECK(kit::to_utf8("\xf4\x90\x80\x80\u00e4") == "\ufffd\ufffd\ufffd\ufffd\u00e4");
}
