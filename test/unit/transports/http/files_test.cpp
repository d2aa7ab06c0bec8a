#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/http/date.hpp>
#include <kit/testing/loop.hpp>
#include <transports/http/files.hpp>
#include <transports/http/router.hpp>

#include "test/support/answers.hpp"

namespace http = kit::http;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

const std::string digits = "0123456789";

// A folder with files, removed with it.
struct folder {
  fs::path path;
  http::handler served;

  explicit folder(http::files_options options = {}) {
    std::string name = (fs::temp_directory_path() / "cokit-files.XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()));
    path = name;
    write("digits.txt", digits);
    write("index.html", "<root>");
    write("empty.bin", "");
    fs::create_directories(path / "docs" / "deep");
    write("docs/index.html", "<docs>");
    write("docs/a b%.css", "css");
    write(".secret", "hidden");
    fs::create_directories(path / ".git");
    write(".git/config", "hidden");
    served = http::files(path.string(), std::move(options));
  }
  ~folder() { fs::remove_all(path); }

  void write(const std::string& name, const std::string& content) const {
    std::ofstream(path / name, std::ios::binary) << content;
  }
  http::response get(std::string target, http::headers fields = {},
                     http::method m = http::method::get) const {
    return test::answer(
        served,
        http::request{.method = m, .target = std::move(target), .headers = std::move(fields)});
  }
};

std::string content(http::response& r) {
  kit::testing::loop loop;
  loop.start(r.body.buffer(100'000'000)).value();
  return std::string(r.body.text());
}

std::string field(const http::response& r, std::string_view name) {
  return std::string(r.headers.get(name).value_or("none"));
}

}  // namespace

TEST_CASE("files: a file with its type, length and validators") {
  const folder f;
  auto r = f.get("/digits.txt?v=1");
  CHECK(r.status == http::status::ok);
  CHECK(content(r) == digits);
  CHECK(field(r, "content-type") == "text/plain; charset=utf-8");
  CHECK(field(r, "accept-ranges") == "bytes");
  CHECK(field(r, "etag").starts_with("\""));
  CHECK(field(r, "last-modified").ends_with("GMT"));
  CHECK(field(r, "cache-control") == "none");
  auto empty = f.get("/empty.bin");
  CHECK(empty.status == http::status::ok);
  CHECK(empty.body.size() == 0U);
  auto encoded = f.get("/docs/a%20b%25.css");
  CHECK(content(encoded) == "css");
  CHECK(field(encoded, "content-type") == "text/css; charset=utf-8");
}

TEST_CASE("files: large ones come as a stream of known size") {
  const folder f;
  std::string large(300'000, 'x');
  large[299'999] = 'y';
  f.write("large.bin", large);
  auto r = f.get("/large.bin");
  CHECK(r.body.is_stream());
  CHECK(r.body.size() == 300'000U);
  CHECK(content(r) == large);
}

TEST_CASE("files: one that gets shorter while it is sent is broken off") {
  const folder f;
  f.write("large.bin", std::string(300'000, 'x'));
  auto r = f.get("/large.bin");
  fs::resize_file(f.path / "large.bin", 100'000);
  kit::testing::loop loop;
  auto all = loop.start(r.body.buffer(1'000'000));
  CHECK(all.error() == kit::errc::data_loss);
}

TEST_CASE("files: HEAD says what GET would send") {
  const folder f;
  auto r = f.get("/digits.txt", {}, http::method::head);
  CHECK(r.body.size() == 10U);
  CHECK(r.status == http::status::ok);
}

TEST_CASE("files: nothing outside of the folder, whatever is asked for") {
  const folder f;
  const auto outside = f.path.parent_path() / ("cokit-outside." + std::to_string(::getpid()));
  std::ofstream(outside) << "outside";
  const auto name = outside.filename().string();
  for (const auto& target : std::vector<std::string>{"/../" + name,
                                                     "/docs/../../" + name,
                                                     "/%2e%2e/" + name,
                                                     "/..%2f" + name,
                                                     "/%2e%2e%2f" + name,
                                                     "/docs/..",
                                                     "/docs/.",
                                                     "/./digits.txt",
                                                     "//digits.txt",
                                                     "/docs//index.html",
                                                     "/digits.txt%00.html",
                                                     "/docs%2findex.html",
                                                     "/%",
                                                     "/%zz",
                                                     "",
                                                     "*",
                                                     "/..",
                                                     "/../",
                                                     "/%5c..%5c" + name,
                                                     "/digits.txt/",
                                                     "/digits.txt/x",
                                                     "/none",
                                                     "/none/index.html",
                                                     "/" + std::string(5000, 'a')}) {
    CAPTURE(target);
    CHECK(f.get(target).status == http::status::not_found);
  }
  fs::remove(outside);
}

TEST_CASE("files: names that start with a dot are hidden unless they shall not be") {
  const folder f;
  CHECK(f.get("/.secret").status == http::status::not_found);
  CHECK(f.get("/.git/config").status == http::status::not_found);
  const folder open({.hidden = true});
  auto r = open.get("/.git/config");
  CHECK(content(r) == "hidden");
  CHECK(open.get("/..").status == http::status::not_found);
}

TEST_CASE("files: symbolic links are not there unless they are to be followed") {
  for (const bool follow : {false, true}) {
    const folder f({.follow_links = follow});
    fs::create_symlink(f.path / "digits.txt", f.path / "link.txt");
    fs::create_directory_symlink(f.path / "docs", f.path / "linked");
    fs::create_symlink(f.path / "loop", f.path / "loop");
    const auto wanted = follow ? http::status::ok : http::status::not_found;
    CHECK(f.get("/link.txt").status == wanted);
    CHECK(f.get("/linked/index.html").status == wanted);
    CHECK(f.get("/loop").status == http::status::not_found);
  }
}

TEST_CASE("files: what is no file, and what may not be read") {
  const folder f;
  REQUIRE(::mkfifo((f.path / "pipe").c_str(), 0600) == 0);
  CHECK(f.get("/pipe").status == http::status::not_found);
  f.write("locked.txt", "x");
  fs::permissions(f.path / "locked.txt", fs::perms::none);
  const auto expected = ::geteuid() == 0 ? http::status::ok : http::status::forbidden;
  CHECK(f.get("/locked.txt").status == expected);
}

TEST_CASE("files: a folder is its index, after a redirect to its slash") {
  const folder f;
  auto root = f.get("/");
  CHECK(content(root) == "<root>");
  CHECK(field(root, "content-type") == "text/html; charset=utf-8");
  auto docs = f.get("/docs/");
  CHECK(content(docs) == "<docs>");
  const auto moved = f.get("/docs?x=1");
  CHECK(moved.status == http::status::moved_permanently);
  CHECK(field(moved, "location") == "/docs/?x=1");
  CHECK(f.get("/docs/deep/").status == http::status::not_found);
  const folder none({.index = ""});
  CHECK(none.get("/").status == http::status::not_found);

  http::router router;
  router.mount("/static", f.served);
  CHECK(field(test::answer(router, "/static/docs"), "location") == "/static/docs/");
  auto below = test::answer(router, "/static/digits.txt");
  CHECK(content(below) == digits);
}

TEST_CASE("files: only GET and HEAD") {
  const folder f;
  const auto r = f.get("/digits.txt", {}, http::method::post);
  CHECK(r.status == http::status::method_not_allowed);
  CHECK(field(r, "allow") == "GET, HEAD");
}

TEST_CASE("files: conditional requests") {
  const folder f;
  fs::last_write_time(f.path / "digits.txt", fs::file_time_type::clock::now() - 1h);
  const auto first = f.get("/digits.txt");
  const auto etag = field(first, "etag");
  const auto changed = field(first, "last-modified");
  using field_value = std::pair<std::string, std::string>;
  for (const auto& [name, value] : std::vector<field_value>{{"If-None-Match", etag},
                                                            {"If-None-Match", "W/" + etag},
                                                            {"If-None-Match", "*"},
                                                            {"If-Modified-Since", changed}}) {
    CAPTURE(value);
    const auto r = f.get("/digits.txt", {{name, value}});
    CHECK(r.status == http::status::not_modified);
    CHECK(r.body.empty());
    CHECK(field(r, "etag") == etag);
    CHECK(field(r, "content-type") == "none");
  }
  CHECK(f.get("/digits.txt", {{"If-None-Match", "\"x\""}}).status == http::status::ok);
  CHECK(f.get("/digits.txt", {{"If-Match", "\"x\""}}).status == http::status::precondition_failed);
  CHECK(f.get("/digits.txt", {{"If-Match", etag}}).status == http::status::ok);
  f.write("digits.txt", "changed");
  CHECK(f.get("/digits.txt", {{"If-None-Match", etag}}).status == http::status::ok);
  CHECK(field(f.get("/digits.txt"), "etag") != etag);
}

TEST_CASE("files: ranges") {
  const folder f;
  fs::last_write_time(f.path / "digits.txt", fs::file_time_type::clock::now() - 1h);
  const auto etag = field(f.get("/digits.txt"), "etag");
  const std::pair<std::string, std::string> ranges[] = {{"bytes=0-0", "0"},
                                                        {"bytes=2-4", "234"},
                                                        {"bytes=7-", "789"},
                                                        {"bytes=-2", "89"},
                                                        {"bytes=5-100", "56789"}};
  for (const auto& [range, expected] : ranges) {
    CAPTURE(range);
    auto r = f.get("/digits.txt", {{"Range", range}});
    CHECK(r.status == http::status::partial_content);
    CHECK(content(r) == expected);
    CHECK(field(r, "content-range").ends_with("/10"));
    CHECK(field(r, "etag") == etag);
  }
  auto r = f.get("/digits.txt", {{"Range", "bytes=10-"}});
  CHECK(r.status == http::status::range_not_satisfiable);
  CHECK(field(r, "content-range") == "bytes */10");
  for (const auto* ignored : {"bytes=4-2", "lines=1-2", "bytes=x"}) {
    r = f.get("/digits.txt", {{"Range", ignored}});
    CHECK(r.status == http::status::ok);
    CHECK(content(r) == digits);
  }
  CHECK(f.get("/digits.txt", {{"Range", "bytes=0-0"}, {"If-Range", etag}}).status ==
        http::status::partial_content);
  CHECK(f.get("/digits.txt", {{"Range", "bytes=0-0"}, {"If-Range", "\"old\""}}).status ==
        http::status::ok);
}

TEST_CASE("files: several ranges come as parts, of the length that was said") {
  const folder f;
  f.write("large.txt", std::string(200'000, 'a') + std::string(200'000, 'b'));
  auto r = f.get("/large.txt", {{"Range", "bytes=0-1,100000-299999,-1"}});
  CHECK(r.status == http::status::partial_content);
  const auto type = field(r, "content-type");
  REQUIRE(type.starts_with("multipart/byteranges; boundary="));
  const auto boundary = type.substr(type.find('=') + 1);
  const auto size = r.body.size();
  const auto all = content(r);
  CHECK(size == all.size());
  const auto part = [&](std::string range, std::string bytes) {
    return "\r\n--" + boundary +
           "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes " + range +
           "/400000\r\n\r\n" + bytes;
  };
  CHECK(all == part("0-1", "aa") +
                   part("100000-299999", std::string(100'000, 'a') + std::string(100'000, 'b')) +
                   part("399999-399999", "b") + "\r\n--" + boundary + "--\r\n");
}

TEST_CASE("files: packed ones in place of plain ones, for those who take them") {
  const folder f({.precompressed = true});
  f.write("digits.txt.gz", "packed");
  const auto plain_etag = field(f.get("/digits.txt"), "etag");
  auto r = f.get("/digits.txt", {{"Accept-Encoding", "gzip, br"}});
  CHECK(content(r) == "packed");
  CHECK(field(r, "content-encoding") == "gzip");
  CHECK(field(r, "content-type") == "text/plain; charset=utf-8");
  CHECK(field(r, "vary") == "Accept-Encoding");
  CHECK(field(r, "etag") != plain_etag);
  r = f.get("/digits.txt", {{"Accept-Encoding", "br, gzip;q=0"}});
  CHECK(content(r) == digits);
  CHECK(field(r, "vary") == "Accept-Encoding");
  fs::last_write_time(f.path / "digits.txt.gz", fs::file_time_type::clock::now() - 1h);
  r = f.get("/digits.txt", {{"Accept-Encoding", "gzip"}});
  CHECK(content(r) == digits);  // the packed one is old
}

TEST_CASE("files: types and caching as the options say") {
  const folder f({.cache_control = "max-age=60", .types = {{"txt", "text/x-mine"}}});
  f.write("A.TXT", "x");
  CHECK(field(f.get("/A.TXT"), "content-type") == "text/x-mine");
  CHECK(field(f.get("/A.TXT"), "cache-control") == "max-age=60");
  CHECK(http::media_type_of("a/b.HTML") == "text/html; charset=utf-8");
  CHECK(http::media_type_of("x.webmanifest") == "application/manifest+json");
  CHECK(http::media_type_of("x.webmanifestx") == "application/octet-stream");
  CHECK(http::media_type_of("x.tar.gz") == "application/gzip");
  CHECK(http::media_type_of("none") == "application/octet-stream");
  CHECK(http::media_type_of("dot.") == "application/octet-stream");
}

TEST_CASE("files: what is no folder is refused when the handler is made") {
  CHECK_THROWS_AS(http::files("/nowhere/at/all"), kit::error);
  CHECK_THROWS_AS(http::files("/etc/hostname"), kit::error);
}
