#include <transports/http/detail/file_source.hpp>

#include <algorithm>
#include <utility>

#include <kit/error.hpp>
#include <kit/random.hpp>

namespace kit::http::detail {
namespace {

constexpr std::uint64_t chunk = 64 * 1024;

// At most one chunk of the `left` bytes there.
std::string next_chunk(int fd, std::uint64_t at, std::uint64_t left) {
  auto bytes = read_part(fd, at, static_cast<std::size_t>(std::min(left, chunk)));
  if (bytes.empty()) throw error(errc::data_loss, "the file has become shorter");
  return bytes;
}

}  // namespace

asio::awaitable<std::optional<std::string>> file_source::read() {
  if (left_ == 0) co_return std::nullopt;
  auto bytes = next_chunk(fd_.get(), at_, left_);
  at_ += bytes.size();
  left_ -= bytes.size();
  co_return bytes;
}

ranges_source::ranges_source(descriptor fd, std::uint64_t file_size, std::vector<byte_range> ranges,
                             std::string_view type)
    : fd_(std::move(fd)), file_size_(file_size), ranges_(std::move(ranges)), type_(type) {
  auto random = random_source::from_entropy();
  for (int i = 0; i < 24; ++i)
    boundary_ += "0123456789abcdef"[random.below(16)];
  for (const auto& r : ranges_)
    size_ += head_of(r).size() + r.size();
  size_ += end().size();
}

std::string ranges_source::head_of(const byte_range& r) const {
  return "\r\n--" + boundary_ + "\r\nContent-Type: " + type_ +
         "\r\nContent-Range: " + content_range{r, file_size_}.str() + "\r\n\r\n";
}

std::string ranges_source::end() const {
  return "\r\n--" + boundary_ + "--\r\n";
}

asio::awaitable<std::optional<std::string>> ranges_source::read() {
  if (index_ == ranges_.size()) {
    if (std::exchange(ended_, true)) co_return std::nullopt;
    co_return end();
  }
  const auto& r = ranges_[index_];
  std::string bytes = done_ == 0 ? head_of(r) : std::string();
  const auto content = next_chunk(fd_.get(), r.first + done_, r.size() - done_);
  done_ += content.size();
  if (done_ == r.size()) {
    ++index_;
    done_ = 0;
  }
  co_return bytes += content;
}

}  // namespace kit::http::detail
