#include <kit/codec/form.hpp>

#include <chrono>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/error.hpp>

namespace form = kit::form;
namespace http = kit::http;
using kit::form_file;
using namespace std::chrono_literals;

namespace {

enum class color { red, green };

struct profile {
  std::string name = "nobody";
  std::optional<int> age = {};
  std::vector<std::string> tag = {};
  color c = color::red;
  std::chrono::milliseconds wait{0};
  bool flag = false;
  friend bool operator==(const profile&, const profile&) = default;
};
struct upload {
  std::string title;
  form_file photo = {};
  std::optional<form_file> second = {};
  std::vector<form_file> more = {};
  friend bool operator==(const upload&, const upload&) = default;
};
struct strict {
  std::string id;
  form_file doc = {};
  int left_out = 5;
};
struct number {
  double v = 0;
};
struct nested {
  profile p;
};

constexpr std::string_view url_type = "application/x-www-form-urlencoded";
constexpr std::string_view part_type = "multipart/form-data; boundary=b";

std::string part(std::string_view disposition, std::string_view data, std::string_view more = "") {
  std::string out = "--b\r\nContent-Disposition: form-data; ";
  return out.append(disposition)
      .append("\r\n")
      .append(more)
      .append("\r\n")
      .append(data)
      .append("\r\n");
}

template <class T>
std::string refusal(const kit::result<T>& r, kit::errc code = kit::errc::invalid_argument) {
  REQUIRE_FALSE(r);
  CHECK(r.error() == code);
  return r.error().what();
}

}  // namespace

template <>
struct kit::reflect_traits<strict> {
  static constexpr auto fields =
      kit::fields(kit::field<&strict::id>("ID").required(), kit::field<&strict::doc>().required(),
                  kit::field<&strict::left_out>().skip());
};

static_assert(form::fields<profile> && form::fields<upload> && form::fields<strict>);
static_assert(!form::fields<nested>);
static_assert(!kit::query::parameters<upload>);

TEST_CASE("form: urlencoded fields") {
  const auto p = form::decode<profile>(
      url_type, "name=Ann+B%C3%BC&age=33&tag=a&tag=b%26&c=green&wait=1.5s&flag&other=%zz&&%zz=1");
  REQUIRE(p);
  CHECK(*p == profile{"Ann B\xc3\xbc", 33, {"a", "b&"}, color::green, 1500ms, true});
  CHECK(form::decode<profile>("Application/X-WWW-Form-Urlencoded ; charset=utf-8", "").value() ==
        profile{});
}

TEST_CASE("form: checkboxes") {
  CHECK(form::decode<profile>(url_type, "flag=on")->flag);
  CHECK(form::decode<profile>(part_type, part("name=flag", "on") + "--b--")->flag);
  CHECK_FALSE(form::decode<profile>(url_type, "flag=false")->flag);
  CHECK_FALSE(form::decode<profile>(url_type, "")->flag);
  CHECK(form::decode<profile>(url_type, "name=on")->name == "on");
  CHECK_FALSE(form::decode<profile>(url_type, "flag=off"));
}

TEST_CASE("form: urlencoded fields that are wrong are named") {
  CHECK(refusal(form::decode<profile>(url_type, "age=x")) ==
        "form field \"age\": expected integer, got \"x\"");
  CHECK(refusal(form::decode<profile>(url_type, "age=1&age=2")) ==
        "form field \"age\": given more than once");
  CHECK(refusal(form::decode<profile>(url_type, "name=%zz")) ==
        "form field \"name\": malformed percent-encoding");
  CHECK(refusal(form::decode<profile>(url_type, "name=%ff")).starts_with("form field \"name\": "));
  CHECK(refusal(form::decode<upload>(url_type, "photo=x")) ==
        "form field \"photo\": expected a file, got text");
  CHECK(refusal(form::decode<strict>(url_type, "id=x")) == "form field \"ID\": missing");
  CHECK(form::decode<upload>(url_type, "title=x").value() == upload{.title = "x"});
}

TEST_CASE("form: multipart fields and files") {
  const auto p = form::decode<profile>(
      part_type, part("name=name", "Ann\r\nB\xc3\xbc") + part("name=age", "33") +
                     part("name=tag", "a") + part("name=other", "\xff") + part("name=tag", "b") +
                     part("x=y", "no name") + "--b--");
  REQUIRE(p);
  CHECK(*p == profile{.name = "Ann\r\nB\xc3\xbc", .age = 33, .tag = {"a", "b"}});

  const std::string binary("\0\r\n--\xff", 6);
  const auto u = form::decode<upload>(
      part_type,
      part("name=\"photo\"; filename=\"dir/x.png\"", binary, "Content-Type: image/png\r\n") +
          part("name=title", "t") + part("name=second; filename=s", "2") +
          part("name=more; filename=a", "3") + part("name=more; filename=b", "4") + "--b--");
  REQUIRE(u);
  CHECK(*u == upload{.title = "t",
                     .photo = {"x.png", "image/png", binary},
                     .second = form_file{"s", "text/plain", "2"},
                     .more = {{"a", "text/plain", "3"}, {"b", "text/plain", "4"}}});
}

TEST_CASE("form: a file that was not chosen is not there") {
  const auto none = [](const std::string& name) {
    return part("name=\"" + name + "\"; filename=\"\"", "",
                "Content-Type: application/octet-stream\r\n");
  };
  const auto u = form::decode<upload>(
      part_type, none("photo") + none("second") + none("more") + none("title") + "--b--");
  REQUIRE(u);
  CHECK(*u == upload{});
  CHECK(refusal(form::decode<strict>(part_type, part("name=ID", "1") + none("doc") + "--b--")) ==
        "form field \"doc\": missing");
  // An empty file was.
  CHECK(form::decode<upload>(part_type, part("name=second; filename=x", "") + "--b--")
            ->second->filename == "x");
}

TEST_CASE("form: multipart content that is wrong") {
  const auto why = [](const std::string& content) {
    return refusal(form::decode<upload>(part_type, content));
  };
  CHECK(why(part("name=title; filename=x", "x") + "--b--") ==
        "form field \"title\": expected text, got a file");
  CHECK(why(part("name=photo", "x") + "--b--") ==
        "form field \"photo\": expected a file, got text");
  const auto photo = part("name=photo; filename=x", "x");
  CHECK(why(photo + photo + "--b--") == "form field \"photo\": given more than once");
  CHECK(why(part("name=title", "x") + part("name=title", "x") + "--b--") ==
        "form field \"title\": given more than once");
  CHECK(why(photo) == "form: its content breaks off");
  CHECK(why("") == "form: its content breaks off");
  CHECK(why(part("name", "x") + "--b--") == "malformed Content-Disposition of a part");
  CHECK(why("--b\r\n folded\r\n\r\n--b--") == "malformed header field of a part");
  CHECK(refusal(form::decode<upload>("multipart/form-data", photo)) ==
        "form: no boundary in its content type");
  CHECK(refusal(form::decode<upload>("text/plain", "x")) ==
        "expected a form, got content of type \"text/plain\"");
  CHECK(refusal(form::decode<upload>("multipart/mixed; boundary=b", "x")).starts_with("expected"));
}

TEST_CASE("form: limits") {
  using kit::errc;
  const auto file = part("name=photo; filename=x", "0123456789") + "--b--";
  CHECK(form::decode<upload>(part_type, file, {.max_file_bytes = 10}));
  CHECK(refusal(form::decode<upload>(part_type, file, {.max_file_bytes = 9}),
                errc::resource_exhausted) == "form: more than 9 bytes of a file");
  CHECK(form::decode<upload>(part_type, file, {.max_bytes = file.size()}));
  refusal(form::decode<upload>(part_type, file, {.max_bytes = file.size() - 1}),
          errc::resource_exhausted);
  const auto two = part("name=x", "1") + part("name=x", "2") + "--b--";
  CHECK(form::decode<upload>(part_type, two, {.max_parts = 2}));
  refusal(form::decode<upload>(part_type, two, {.max_parts = 1}), errc::resource_exhausted);
  CHECK(form::decode<profile>(url_type, "x=1&y=2", {.max_parts = 2}));
  CHECK(refusal(form::decode<profile>(url_type, "x=1&y=2", {.max_parts = 1}),
                errc::resource_exhausted) == "form: more than 1 fields");
  CHECK(refusal(form::decode<profile>(url_type, "x=1&y=2", {.max_bytes = 6}),
                errc::resource_exhausted) == "form: more than 6 bytes");
}

TEST_CASE("form: the path goes before the content") {
  http::path_params params;
  params.add("age", "7");
  params.add("other", "x");
  profile p;
  form::decoder d(p);
  REQUIRE(d.path(params));
  REQUIRE(d.content(url_type, "age=x&name=ann"));
  REQUIRE(d.finish());
  CHECK(p == profile{.name = "ann", .age = 7});
  params.clear();
  params.add("age", "x");
  form::decoder bad(p);
  CHECK(refusal(bad.path(params)) == "path parameter \"age\": expected integer, got \"x\"");
  params.clear();
  params.add("photo", "x");
  upload u;
  form::decoder files(u);
  CHECK(files.path(params));  // a file stands in no path
}

TEST_CASE("form: what is encoded is decoded") {
  const profile p{"Ann & B\xc3\xbc\r\n", 33, {"a", "", "b=c"}, color::green, 1500ms, true};
  const auto text = form::encode(p);
  REQUIRE(text);
  CHECK(form::decode<profile>(url_type, *text).value() == p);
  const auto parts = form::encode_multipart(p);
  REQUIRE(parts);
  CHECK(form::decode<profile>(parts->content_type(), parts->str()).value() == p);

  const upload u{.title = "t",
                 .photo = {"x.png", "image/png", std::string("\0\xff", 2)},
                 .second = form_file{"s", "a/b", ""},
                 .more = {{"a", "a/b", "3"}, {"b", "a/b", "4"}}};
  const auto files = form::encode_multipart(u, kit::random_source(1));
  REQUIRE(files);
  CHECK(form::decode<upload>(files->content_type(), files->str()).value() == u);
  const auto empty = form::encode_multipart(upload{});
  CHECK(form::decode<upload>(empty->content_type(), empty->str()).value() == upload{});
}

TEST_CASE("form: a value without text cannot be encoded") {
  const number nan{std::numeric_limits<double>::quiet_NaN()};
  CHECK(refusal(form::encode_multipart(nan)) == "form field \"v\": not a number");
  CHECK_FALSE(form::encode(nan));
}
