#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

namespace kit::metrics::detail {

/// A file in memory that is made under another name first, and so is complete when it is there.
/// Errors: all throw `errc::unavailable` with the path and what the system says.
class mapped_file {
 public:
  mapped_file() noexcept = default;
  /// A file in the same folder whose name begins with a dot. Its blocks are there: writing to
  /// memory cannot fail later.
  mapped_file(std::filesystem::path path, std::string_view content);
  mapped_file(mapped_file&& other) noexcept;
  mapped_file& operator=(mapped_file&& other) noexcept;
  /// Removes it, if what is there under its name is still this file.
  ~mapped_file();

  /// Gives it its name, in place of what has it.
  void publish();
  /// Whether it still has its name. Others may have removed or replaced it.
  bool in_place() const noexcept;
  /// Whether all of it is there: one that others have cut must not be written to.
  bool whole() const noexcept;
  std::span<std::byte> bytes() const noexcept { return {data_, size_}; }

 private:
  void remove() noexcept;

  std::filesystem::path path_;
  std::filesystem::path current_;  // its name now
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  int descriptor_ = -1;
};

}  // namespace kit::metrics::detail
