#include <kit/log/sinks.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <streambuf>
#include <string>

#include <unistd.h>

#include <doctest/doctest.h>

#include "capture.hpp"

using kit::log::logger;
namespace fs = std::filesystem;

namespace {

/// A folder for the time of a test.
class folder {
 public:
  folder() : path_(fs::temp_directory_path() / ("cokit-log-" + std::to_string(::getpid()))) {
    fs::remove_all(path_);
  }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  ~folder() { fs::remove_all(path_); }

  std::string operator/(const char* name) const { return (path_ / name).string(); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string content(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string refusal(const std::function<void()>& f) {
  try {
    f();
  } catch (const kit::error& e) {
    CHECK(e == kit::errc::invalid_argument);
    return std::string(e.message());
  }
  return {};
}

}  // namespace

TEST_CASE("ostream_sink: each record as it is, then flushed; a failed stream is an error") {
  std::ostringstream out;
  std::string error;
  const logger log({.sink = kit::log::ostream_sink(out),
                    .on_error = [&](const kit::error& e) { error = e.message(); }});
  log.info("100% {}", "k", "%v");
  CHECK(out.str() == "level=info msg=\"100% {}\" k=%v\n");
  log.flush();
  CHECK(error == "");
  out.setstate(std::ios::badbit);
  log.info("again");  // what has failed may have passed
  CHECK(error == "");
  CHECK(out.str().ends_with("level=info msg=again\n"));
  std::ostream nowhere(nullptr);
  const logger lost({.sink = kit::log::ostream_sink(nowhere),
                     .on_error = [&](const kit::error& e) { error = e.message(); }});
  lost.info("lost");
  CHECK(error == "log: the stream has failed");
}

TEST_CASE("ostream_sink: its lock is released when the stream throws [log/sync:3]") {
  struct : std::streambuf {
  } full;
  std::ostream out(&full);
  out.exceptions(std::ios::badbit);
  int errors = 0;
  const logger log(
      {.sink = kit::log::ostream_sink(out), .on_error = [&](const kit::error&) { ++errors; }});
  log.info("lost");
  log.info("not stuck");
  CHECK(errors == 2);
}

TEST_CASE("file_sink: appends, or begins anew; folders are made; each record is there at once") {
  const folder dir;
  const auto path = dir / "deep/app.log";
  {
    const logger log({.sink = kit::log::file_sink(path)});
    log.info("one");
    CHECK(content(path) == "level=info msg=one\n");
  }
  {
    const logger log({.sink = kit::log::file_sink(path)});
    log.info("two");
    CHECK(content(path) == "level=info msg=one\nlevel=info msg=two\n");
  }
  const logger log({.sink = kit::log::file_sink(path, {.truncate = true, .buffered = true})});
  log.info("three");
  CHECK(content(path) == "");
  log.flush();
  CHECK(content(path) == "level=info msg=three\n");
}

TEST_CASE("file_sink: one that cannot be opened is an error") {
  const folder dir;
  fs::create_directories(dir.path());
  try {
    (void)kit::log::file_sink(dir.path().string());
    FAIL("a folder was opened");
  } catch (const kit::error& e) {
    CHECK(e == kit::errc::unavailable);
  }
}

TEST_CASE("rotating_file_sink: a full file is renamed, the oldest goes") {
  const folder dir;
  const auto path = dir / "app.log";
  const logger log({.sink = kit::log::rotating_file_sink(path, {.max_bytes = 30, .max_files = 2})});
  for (const char* text : {"first", "second", "third", "fourth"})
    log.print("", "text", text, "fill", "0123456789");
  CHECK(content(path) == "text=fourth fill=0123456789\n");
  CHECK(content(dir / "app.1.log") == "text=third fill=0123456789\n");
  CHECK(content(dir / "app.2.log") == "text=second fill=0123456789\n");
  CHECK_FALSE(fs::exists(dir / "app.3.log"));
  CHECK(refusal([&] { (void)kit::log::rotating_file_sink(path, {.max_bytes = 0}); }) ==
        "log::rotation::max_bytes is 0");
  CHECK(refusal([&] { (void)kit::log::rotating_file_sink(path, {.max_files = 0}); }) ==
        "log::rotation::max_files is not in 1..200000");
}

TEST_CASE("daily_file_sink: the file has the day in its name") {
  const folder dir;
  const logger log({.sink = kit::log::daily_file_sink(dir / "app.log")});
  log.info("today");
  int files = 0;
  for (const auto& file : fs::directory_iterator(dir.path())) {
    ++files;
    CHECK(file.path().filename().string().starts_with("app_2"));
    CHECK(content(file.path().string()) == "level=info msg=today\n");
  }
  CHECK(files == 1);
  CHECK(refusal([&] { (void)kit::log::daily_file_sink(dir / "x", {.hour = 24}); }) ==
        "log::daily::hour is not in 0..23");
  CHECK(refusal([&] { (void)kit::log::daily_file_sink(dir / "x", {.minute = -1}); }) ==
        "log::daily::minute is not in 0..59");
  CHECK(refusal([&] { (void)kit::log::daily_file_sink(dir / "x", {.max_files = 70'000}); }) ==
        "log::daily::max_files is above 65535");
}

TEST_CASE("stderr_sink, stdout_sink: are there, and flush") {
  kit::log::stderr_sink()->flush();
  kit::log::stdout_sink()->flush();
}
