#include <transports/http/form_codec.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <transports/http/handler_of.hpp>
#include <transports/http/router.hpp>

#include "test/support/typed_call.hpp"

namespace http = kit::http;
using typed_call::answer;
using typed_call::get;
using typed_call::header;
using typed_call::post;

namespace {

struct entry {
  std::string id;
  std::string name = "nobody";
  std::optional<int> age = {};
  std::vector<std::string> tag = {};
};
}  // namespace

template <>
struct kit::reflect_traits<entry> {
  static constexpr auto fields = kit::fields(kit::field<&entry::id>().required());
};

namespace {

struct upload {
  std::string title;
  std::vector<kit::form_file> file = {};
};
struct sizes {
  std::string title;
  std::vector<std::size_t> bytes = {};
};

asio::awaitable<entry> same(entry e) {
  co_return e;
}
asio::awaitable<sizes> measure(upload u) {
  sizes s{.title = u.title};
  for (const auto& f : u.file)
    s.bytes.push_back(f.content.size());
  co_return s;
}

http::handler echo(kit::form::decode_options options = {}) {
  return http::handler_of(kit::endpoint(same), http::form_decoder<entry>{options},
                          http::json_encoder<entry>{});
}
http::handler uploads(kit::form::decode_options options = {}) {
  return http::handler_of(kit::endpoint(measure), http::form_decoder<upload>{options},
                          http::json_encoder<sizes>{});
}

constexpr std::string_view url_type = "application/x-www-form-urlencoded";

http::request multipart(std::size_t bytes) {
  http::multipart_form form;
  form.add("title", "t").add_file("file", "a", "a/b", std::string(bytes, 'x'));
  form.add_file("file", "b", "a/b", "");
  http::request r{.method = http::method::post};
  std::move(form).put_into(r);
  return r;
}

}  // namespace

TEST_CASE("typed form: a POST is decoded by a router's handler, the path first") {
  http::router router;
  router.post("/entries/{id}", echo());
  const auto r =
      answer(http::handler(router), post("/entries/7", "id=8&name=ann+b&tag=x&tag=y", url_type));
  CHECK(r.status == http::status::ok);
  CHECK(r.body.bytes() == R"({"id":"7","name":"ann b","age":null,"tag":["x","y"]})"
                          "\n");
}

TEST_CASE("typed form: multipart content with files") {
  const auto r = answer(uploads(), multipart(5));
  CHECK(r.status == http::status::ok);
  CHECK(r.body.bytes() == "{\"title\":\"t\",\"bytes\":[5,0]}\n");
}

TEST_CASE("typed form: other content is 415, wrong fields are 400") {
  for (const char* type : {"application/json", "text/plain", "multipart/mixed; boundary=b"}) {
    CAPTURE(type);
    const auto r = answer(echo(), post("/", "id=1", type));
    CHECK(r.status == http::status::unsupported_media_type);
    CHECK(r.body.bytes() == std::string("expected content of type "
                                        "application/x-www-form-urlencoded or "
                                        "multipart/form-data, got ") +
                                type);
  }
  CHECK(answer(echo(), post("/", "id=1", "")).status == http::status::unsupported_media_type);
  auto r = answer(echo(), post("/", "id=1&age=x", url_type));
  CHECK(r.status == http::status::bad_request);
  CHECK(r.body.bytes() == "form field \"age\": expected integer, got \"x\"");
  CHECK(answer(echo(), post("/", "name=x", url_type)).body.bytes() == "form field \"id\": missing");
  CHECK(answer(echo(), post("/", "id=1", "multipart/form-data")).status ==
        http::status::bad_request);
}

TEST_CASE("typed form: no content is a form without fields") {
  CHECK(answer(uploads(), post("/", "", "")).body.bytes() == "{\"title\":\"\",\"bytes\":[]}\n");
  CHECK(answer(echo(), post("/", "", "")).body.bytes() == "form field \"id\": missing");
}

TEST_CASE("typed form: GET without content is read from the query") {
  CHECK(answer(echo(), get("/?id=1&age=5")).body.bytes() ==
        R"({"id":"1","name":"nobody","age":5,"tag":[]})"
        "\n");
  CHECK(answer(echo(), get("/?id=1&age=x")).status == http::status::bad_request);
}

TEST_CASE("typed form: past a limit is 413") {
  CHECK(answer(uploads({.max_file_bytes = 5}), multipart(5)).status == http::status::ok);
  CHECK(answer(uploads({.max_file_bytes = 4}), multipart(5)).status ==
        http::status::content_too_large);
  CHECK(answer(uploads({.max_parts = 2}), multipart(5)).status == http::status::content_too_large);
  CHECK(answer(echo({.max_bytes = 3}), post("/", "id=1", url_type)).status ==
        http::status::content_too_large);
}
