#include <kit/metrics/detail/mapped_file.hpp>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <kit/error.hpp>

namespace kit::metrics::detail {
namespace {

[[noreturn]] void fail_with(int code, const std::filesystem::path& path) {
  throw error(errc::unavailable, path.string() + ": " + std::generic_category().message(code));
}

std::filesystem::path hidden_name(const std::filesystem::path& path) {
  auto name = '.' + path.filename().string() + '.' + std::to_string(::getpid());
  return path.parent_path() / name;
}

}  // namespace

mapped_file::mapped_file(std::filesystem::path path, std::string_view content)
    : path_(std::move(path)),
      current_(hidden_name(path_)),
      size_(content.size()),
      descriptor_(
          ::open(current_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644)) {
  if (descriptor_ < 0) fail_with(errno, current_);
  int code = ::posix_fallocate(descriptor_, 0, static_cast<off_t>(size_));
  void* data = MAP_FAILED;
  if (code == 0) {
    data = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
    if (data == MAP_FAILED) code = errno;
  }
  if (code != 0) {
    remove();
    fail_with(code, current_);
  }
  data_ = static_cast<std::byte*>(data);
  std::memcpy(data_, content.data(), size_);
}

mapped_file::mapped_file(mapped_file&& other) noexcept
    : path_(std::move(other.path_)),
      current_(std::move(other.current_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

mapped_file& mapped_file::operator=(mapped_file&& other) noexcept {
  mapped_file old(std::move(other));
  std::swap(path_, old.path_);
  std::swap(current_, old.current_);
  std::swap(data_, old.data_);
  std::swap(size_, old.size_);
  std::swap(descriptor_, old.descriptor_);
  return *this;
}

mapped_file::~mapped_file() {
  remove();
}

void mapped_file::publish() {
  if (::rename(current_.c_str(), path_.c_str()) != 0) fail_with(errno, path_);
  current_ = path_;
}

bool mapped_file::in_place() const noexcept {
  struct stat mine{};
  struct stat there{};
  return ::fstat(descriptor_, &mine) == 0 && ::stat(current_.c_str(), &there) == 0 &&
         mine.st_ino == there.st_ino && mine.st_dev == there.st_dev;
}

bool mapped_file::whole() const noexcept {
  struct stat mine{};
  return ::fstat(descriptor_, &mine) == 0 && mine.st_size >= static_cast<off_t>(size_);
}

void mapped_file::remove() noexcept {
  if (descriptor_ < 0) return;
  if (in_place()) ::unlink(current_.c_str());
  if (data_) ::munmap(data_, size_);
  ::close(descriptor_);
  descriptor_ = -1;
}

}  // namespace kit::metrics::detail
