#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <asio/awaitable.hpp>

#include <kit/http/body.hpp>
#include <kit/http/range.hpp>
#include <transports/http/detail/open_file.hpp>

namespace kit::http::detail {

/// A part of a file as content.
class file_source final : public body_source {
 public:
  file_source(descriptor fd, std::uint64_t offset, std::uint64_t size) noexcept
      : fd_(std::move(fd)), at_(offset), left_(size), size_(size) {}

  asio::awaitable<std::optional<std::string>> read() override;
  std::optional<std::uint64_t> size() const noexcept override { return size_; }
  std::optional<file_region> file() const noexcept override {
    return left_ == size_ ? std::optional(file_region{fd_.get(), at_, left_}) : std::nullopt;
  }

 private:
  descriptor fd_;
  std::uint64_t at_;
  std::uint64_t left_;
  std::uint64_t size_;
};

/// Several parts of a file as `multipart/byteranges` (RFC 9110 14.6).
class ranges_source final : public body_source {
 public:
  ranges_source(descriptor fd, std::uint64_t file_size, std::vector<byte_range> ranges,
                std::string_view type);

  const std::string& boundary() const noexcept { return boundary_; }

  asio::awaitable<std::optional<std::string>> read() override;
  std::optional<std::uint64_t> size() const noexcept override { return size_; }

 private:
  std::string head_of(const byte_range& r) const;
  std::string end() const;

  descriptor fd_;
  std::uint64_t file_size_;
  std::vector<byte_range> ranges_;
  std::string type_;
  std::string boundary_;
  std::uint64_t size_ = 0;
  std::size_t index_ = 0;   // of the present range
  std::uint64_t done_ = 0;  // of it
  bool ended_ = false;
};

}  // namespace kit::http::detail
