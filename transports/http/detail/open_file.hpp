#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace kit::http::detail {

/// A file descriptor that is closed with its owner.
class descriptor {
 public:
  explicit descriptor(int fd = -1) noexcept : fd_(fd) {}
  descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  descriptor& operator=(descriptor other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~descriptor();

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_;
};

/// What was found at a path.
struct open_file {
  enum class kind : std::uint8_t { none, file, folder };

  kind is = kind::none;
  descriptor fd = descriptor();
  std::uint64_t size = 0;
  std::chrono::sys_time<std::chrono::nanoseconds> changed = {};
  /// Why there is none; none where it is simply not there.
  std::error_code failed = {};
};

/// Opens what lies at a path below a folder, segment by segment: `path` is decoded, relative, and
/// has no empty, `.` or `..` segments. With `follow_links` symbolic links may lead anywhere, else
/// they are not there.
open_file open_below(const std::string& folder, std::string_view path, bool follow_links);

/// Reads that part of the file; shorter at its end. Errors: throws `kit::error`.
std::string read_part(int fd, std::uint64_t offset, std::size_t size);

}  // namespace kit::http::detail
