#include <kit/http/media_type.hpp>

#include <string>

#include <doctest/doctest.h>

namespace http = kit::http;
using http::media_type;
using http::parse_parameters;

TEST_CASE("media_type: is read, compared and written") {
  const auto t = media_type::parse("Text/HTML;Charset=\"utf-8\"; x=\"a\\\"b;c\\\\\"");
  REQUIRE(t);
  CHECK(t->type == "text");
  CHECK(t->subtype == "html");
  CHECK(t->is("text/html"));
  CHECK(t->is("TEXT/html"));
  CHECK_FALSE(t->is("text/plain"));
  CHECK_FALSE(t->is("text"));
  CHECK_FALSE(t->is("text/html; charset=utf-8"));
  CHECK(t->get("charset") == "utf-8");
  CHECK(t->get("x") == "a\"b;c\\");
  CHECK_FALSE(t->get("y"));
  CHECK(t->str() == "text/html; charset=utf-8; x=\"a\\\"b;c\\\\\"");
  CHECK(media_type::parse(t->str()) == t);
  CHECK(media_type::parse(" application/vnd.a+json ")->str() == "application/vnd.a+json");
  CHECK(media_type::parse("a/b; ;;c=d;")->str() == "a/b; c=d");
  CHECK(media_type::parse("a/b ; c=\"\"")->get("c") == "");
  CHECK(media_type{"a", "b", {{"c", ""}}}.str() == "a/b; c=\"\"");
}

TEST_CASE("media_type: what is malformed is nothing") {
  for (const char* bad : {"",
                          "/",
                          "text",
                          "text/",
                          "/html",
                          "text /html",
                          "text/ html",
                          "text/html x",
                          "te(xt/html",
                          "text/html;x",
                          "text/html;=y",
                          "text/html;x=",
                          "text/html;x =y",
                          "text/html;x= y",
                          "text/html;x=\"",
                          "text/html;x=\"y",
                          "text/html;x=\"y\\",
                          "text/html;x=\"y\\\"",
                          "text/html;x=y z",
                          "text/html;x=\"y\"z",
                          "text/html;x=1;X=1",
                          "text/html,text/plain",
                          "text/html;x=\"\x01\"",
                          "text/html;x=\xc3\xa4"}) {
    CAPTURE(bad);
    CHECK_FALSE(media_type::parse(bad));
  }
}

TEST_CASE("parse_parameters: backslashes as browsers send them, when asked for") {
  const char* path = R"(; filename="C:\dir\a.txt")";
  CHECK(parse_parameters(path)->at(0).value == "C:dira.txt");
  CHECK(parse_parameters(path, http::quoting::browsers)->at(0).value == R"(C:\dir\a.txt)");
  CHECK(parse_parameters(R"(;f="a\"b\\")", http::quoting::browsers)->at(0).value == R"(a"b\)");
  CHECK_FALSE(parse_parameters(R"(;f="a\")", http::quoting::browsers));
  CHECK_FALSE(parse_parameters(R"(;f="a\)", http::quoting::browsers));
  CHECK_FALSE(parse_parameters(R"(;f="a\)"));
  CHECK(parse_parameters("")->empty());
  CHECK(parse_parameters(" ; ")->empty());
}
