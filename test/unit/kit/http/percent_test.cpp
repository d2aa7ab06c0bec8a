#include <kit/http/percent.hpp>

#include <string>

#include <doctest/doctest.h>

namespace http = kit::http;
using http::encode_set;

TEST_CASE("percent: decoding takes two hexadecimal digits of either case") {
  CHECK(http::percent_decode("") == "");
  CHECK(http::percent_decode("a%2Fb%2fc") == "a/b/c");
  CHECK(http::percent_decode("%00%ff+") == std::string("\0\xff+", 3));
  CHECK(http::percent_decode("%2525") == "%25");
  CHECK(http::form_decode("a+b%2B") == "a b+");
}

TEST_CASE("percent: anything else after a percent sign is refused") {
  for (const char* bad : {"%", "%2", "a%", "%g0", "%0g", "%%20", "%2%20", "% 20", "%+1"}) {
    CAPTURE(bad);
    CHECK_FALSE(http::percent_decode(bad));
    CHECK_FALSE(http::form_decode(bad));
    CHECK_FALSE(http::is_percent_encoded(bad));
  }
  CHECK(http::is_percent_encoded("a%20b%41"));
}

TEST_CASE("percent: each set leaves its own characters alone") {
  const std::string text = "a-._~!*/ +%\xc3";
  CHECK(http::percent_encode(text) == "a-._~%21%2A%2F%20%2B%25%C3");
  CHECK(http::percent_encode(text, encode_set::path_segment) == "a-._~!*%2F%20+%25%C3");
  CHECK(http::percent_encode(text, encode_set::path) == "a-._~!*/%20+%25%C3");
  CHECK(http::percent_encode(text, encode_set::form) == "a-._%7E%21*%2F+%2B%25%C3");
}

TEST_CASE("percent: what is encoded decodes to itself, for every byte and set") {
  std::string all;
  for (int i = 0; i < 256; ++i)
    all += static_cast<char>(i);
  for (auto set : {encode_set::unreserved, encode_set::path_segment, encode_set::path}) {
    CHECK(http::percent_decode(http::percent_encode(all, set)) == all);
  }
  CHECK(http::form_decode(http::percent_encode(all, encode_set::form)) == all);
}

TEST_CASE("percent: appending keeps what is there") {
  std::string out = "x";
  CHECK(http::append_percent_decoded(out, "%41"));
  CHECK(http::append_form_decoded(out, "+"));
  http::append_percent_encoded(out, "/", encode_set::unreserved);
  CHECK(out == "xA %2F");
  CHECK_FALSE(http::append_percent_decoded(out, "%4"));
}
