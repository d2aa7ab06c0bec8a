#include <kit/http/multipart_reader.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/error.hpp>
#include <kit/http/multipart_form.hpp>
#include <kit/testing/loop.hpp>

namespace http = kit::http;

namespace {

/// A body that hands out its chunks, and counts them.
class chunks final : public http::body_source {
 public:
  explicit chunks(std::vector<std::string> all) : all_(std::move(all)) {}
  asio::awaitable<std::optional<std::string>> read() override {
    if (pulled == all_.size()) co_return std::nullopt;
    co_return all_[pulled++];
  }
  std::size_t pulled = 0;

 private:
  std::vector<std::string> all_;
};

std::shared_ptr<chunks> cut(const std::string& text, std::size_t size) {
  std::vector<std::string> all;
  for (std::size_t at = 0; at < text.size(); at += size)
    all.push_back(text.substr(at, size));
  return std::make_shared<chunks>(std::move(all));
}

const http::headers type{{"Content-Type", "multipart/form-data; boundary=b"}};
const std::string two =
    "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n"
    "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.png\"\r\n"
    "Content-Type: image/png\r\n\r\n0123456789\r\n--b--\r\n";

struct read_part {
  std::string name, filename, content_type, data;
  friend bool operator==(const read_part&, const read_part&) = default;
};
const std::vector<read_part> expected{{"a", "-", "text/plain", "one"},
                                      {"f", "x.png", "image/png", "0123456789"}};

asio::awaitable<std::vector<read_part>> read_all(http::multipart_reader& reader) {
  std::vector<read_part> all;
  while (auto part = co_await reader.next_part()) {
    co_await part->body.buffer(1000);
    all.push_back(
        {part->name, part->filename.value_or("-"), part->content_type, part->body.take()});
  }
  CHECK_FALSE(co_await reader.next_part());
  co_return all;
}

std::vector<read_part> read(http::body content, const http::headers& fields = type) {
  kit::testing::loop loop;
  http::multipart_reader reader(std::move(content), fields);
  return loop.start(read_all(reader)).value();
}

template <class T>
T run(kit::testing::loop& loop, asio::awaitable<T> work) {
  return loop.start(std::move(work)).value();
}

}  // namespace

TEST_CASE("multipart_reader: the same parts from bytes and from any chunks") {
  CHECK(read(two) == expected);
  for (std::size_t size = 1; size <= two.size(); ++size) {
    CAPTURE(size);
    CHECK(read(http::body(cut(two, size))) == expected);
  }
}

TEST_CASE("multipart_reader: nothing is pulled before it is asked for") {
  kit::testing::loop loop;
  const auto source = cut(two, 8);
  http::multipart_reader reader(http::body(source), type);
  CHECK(source->pulled == 0);
  auto part = run(loop, reader.next_part());
  REQUIRE(part);
  const auto head = two.find("one");
  CHECK(source->pulled == (head + 7) / 8);
  CHECK(part->headers.get("content-disposition") == "form-data; name=\"a\"");
  auto second = run(loop, reader.next_part());
  REQUIRE(second);
  CHECK(second->name == "f");
  const auto before = source->pulled;
  const auto chunk = run(loop, second->body.read());
  REQUIRE(chunk);
  CHECK(chunk->size() <= 8);
  CHECK(source->pulled <= before + 1);
}

TEST_CASE("multipart_reader: a part that was passed over cannot be read, one at its end can") {
  kit::testing::loop loop;
  http::multipart_reader reader(two, type);
  auto first = run(loop, reader.next_part());
  auto second = run(loop, reader.next_part());
  REQUIRE(second);
  CHECK(loop.start(first->body.read()).error() == kit::errc::failed_precondition);
  CHECK(run(loop, second->body.read()) == "0123456789");
  CHECK_FALSE(run(loop, second->body.read()));
  CHECK_FALSE(run(loop, reader.next_part()));
  CHECK_FALSE(run(loop, second->body.read()));
}

TEST_CASE("multipart_reader: content that breaks off or is malformed throws, each time") {
  for (std::size_t n = 0; n + 4 < two.size(); ++n) {  // not within the last --
    CAPTURE(n);
    kit::testing::loop loop;
    http::multipart_reader reader(two.substr(0, n), type);
    const auto call = loop.start(read_all(reader));
    CHECK(call.error() == kit::error(kit::errc::invalid_argument, "multipart content breaks off"));
    CHECK(loop.start(reader.next_part()).error() == kit::errc::invalid_argument);
  }
  kit::testing::loop loop;
  http::multipart_reader folded("--b\r\n x\r\n\r\n--b--", type);
  CHECK(loop.start(folded.next_part()).error() == kit::errc::invalid_argument);
  CHECK(loop.start(folded.next_part()).error() == kit::errc::invalid_argument);
  http::multipart_reader odd("--b\r\nContent-Disposition: form-data; name\r\n\r\n--b--", type);
  CHECK(loop.start(odd.next_part()).error() ==
        kit::error(kit::errc::invalid_argument, "malformed Content-Disposition of a part"));
  http::multipart_reader many(two, type, {.max_parts = 1});
  CHECK(loop.start(read_all(many)).error() == kit::errc::resource_exhausted);
}

TEST_CASE("multipart_reader: other content is refused") {
  for (const char* bad :
       {"text/plain", "multipart/form-data", "multipart/form-data; boundary=", ""}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(http::multipart_reader({}, http::headers{{"Content-Type", bad}}), kit::error);
  }
  CHECK_THROWS_AS(http::multipart_reader({}, {}), kit::error);
}

TEST_CASE("multipart_form: what it writes is read back") {
  http::multipart_form form;
  form.add("a", "one").add_file("f", "x.png", "image/png", "0123456789");
  http::headers fields{{"Content-Type", form.content_type()}};
  CHECK(read(form.str(), fields) == expected);
  http::request r;
  std::move(form).put_into(r);
  CHECK(read(std::move(r.body), r.headers) == expected);
  http::multipart_form none;
  fields.set("Content-Type", none.content_type());
  CHECK(read(none.str(), fields).empty());
}

TEST_CASE("multipart_form: names are escaped as browsers do, and cannot break out") {
  http::multipart_form form(kit::random_source(7));
  form.add("a\"b\r\nX: y\tz", "v");
  const auto text = form.str();
  CHECK(text.find("; name=\"a%22b%0D%0AX: y\tz\"\r\n\r\nv\r\n") != text.npos);
  CHECK_THROWS_AS(form.add(std::string_view("a\0b", 3), ""), kit::error);
  CHECK_THROWS_AS(form.add_file("a", "b", "text/plain\r\nX: y", ""), kit::error);
  CHECK(form.str() == text);
}

TEST_CASE("multipart_form: boundaries are drawn, and content that has them is refused") {
  http::multipart_form one(kit::random_source(7)), same(kit::random_source(7)), other;
  CHECK(one.content_type() == same.content_type());
  CHECK(one.content_type() != other.content_type());
  const auto boundary = http::multipart_boundary(one.content_type());
  REQUIRE(boundary);
  CHECK_THROWS_AS(one.add("a", "x" + *boundary), kit::error);
  CHECK_THROWS_AS(one.add(*boundary, "x"), kit::error);
  CHECK_NOTHROW(other.add("a", "x" + *boundary));
}
