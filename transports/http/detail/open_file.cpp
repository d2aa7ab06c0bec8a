#include <transports/http/detail/open_file.hpp>

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <kit/error.hpp>

namespace kit::http::detail {

descriptor::~descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

namespace {

// What stands for "not there" towards a client.
bool is_absent(int code) noexcept {
  return code == ENOENT || code == ENOTDIR || code == ELOOP || code == ENAMETOOLONG ||
         code == ENXIO || code == EINVAL;
}

open_file absent(int code) {
  open_file none;
  if (!is_absent(code)) none.failed = {code, std::generic_category()};
  return none;
}

// Non-blocking: opening a pipe would wait for its other end.
int open_at(int folder, const std::string& name, int flags) noexcept {
  for (;;) {
    const int fd = ::openat(folder, name.c_str(), flags | O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0 || errno != EINTR) return fd;
  }
}

open_file describe(descriptor fd) {
  struct stat s{};
  if (::fstat(fd.get(), &s) != 0) return absent(errno);
  open_file found;
  if (S_ISREG(s.st_mode)) found.is = open_file::kind::file;
  if (S_ISDIR(s.st_mode)) found.is = open_file::kind::folder;
  found.size = static_cast<std::uint64_t>(s.st_size);
  found.changed = std::chrono::sys_time<std::chrono::nanoseconds>(
      std::chrono::seconds(s.st_mtim.tv_sec) + std::chrono::nanoseconds(s.st_mtim.tv_nsec));
  if (found.is != open_file::kind::none) found.fd = std::move(fd);
  return found;
}

}  // namespace

open_file open_below(const std::string& folder, std::string_view path, bool follow_links) {
  const int no_link = follow_links ? 0 : O_NOFOLLOW;
  descriptor at(open_at(AT_FDCWD, folder, O_DIRECTORY | O_PATH));
  if (!at) return absent(errno);
  while (!path.empty()) {
    const auto slash = path.find('/');
    const std::string name(path.substr(0, slash));
    const bool last = slash == path.npos || slash + 1 == path.size();
    descriptor next(open_at(at.get(), name, no_link | (last ? 0 : O_DIRECTORY | O_PATH)));
    if (!next) return absent(errno);
    at = std::move(next);
    path.remove_prefix(last ? path.size() : slash + 1);
  }
  return describe(std::move(at));
}

std::string read_part(int fd, std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const auto n = ::pread(fd, bytes.data() + have, size - have, static_cast<off_t>(offset + have));
    if (n == 0) break;
    if (n > 0) {
      have += static_cast<std::size_t>(n);
    } else if (errno != EINTR) {
      throw to_error(std::error_code(errno, std::generic_category()));
    }
  }
  bytes.resize(have);
  return bytes;
}

}  // namespace kit::http::detail
