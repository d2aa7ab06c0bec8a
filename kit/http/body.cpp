#include <kit/http/body.hpp>

#include <string>
#include <utility>

#include <kit/error.hpp>

namespace kit::http {
namespace {
const headers no_fields;  // constant; holds no memory

error too_long(std::size_t max_bytes) {
  return error(errc::resource_exhausted,
               "body is longer than " + std::to_string(max_bytes) + " bytes");
}

}  // namespace

const headers& body_source::trailers() const noexcept {
  return no_fields;
}

std::optional<std::uint64_t> body::size() const noexcept {
  return source_ ? source_->size() : bytes_.size();
}

std::string body::take() noexcept {
  return std::exchange(bytes_, {});
}

asio::awaitable<std::optional<std::string>> body::read() {
  if (source_) co_return co_await source_->read();
  if (bytes_.empty()) co_return std::nullopt;
  co_return take();
}

asio::awaitable<void> body::buffer(std::size_t max_bytes) {
  if (!source_) co_return;
  const auto size = source_->size();
  if (size.value_or(0) > max_bytes) throw too_long(max_bytes);
  std::string all;
  while (auto chunk = co_await source_->read()) {
    if (chunk->size() > max_bytes - all.size()) throw too_long(max_bytes);
    if (all.empty()) {
      all = *std::move(chunk);
    } else {
      all += *chunk;
    }
  }
  if (!source_->trailers().empty()) set_trailers(source_->trailers());
  bytes_ = std::move(all);
  source_.reset();
}

const headers& body::trailers() const noexcept {
  if (trailers_) return *trailers_;
  return source_ ? source_->trailers() : no_fields;
}

void body::set_trailers(headers fields) {
  trailers_ = fields.empty() ? nullptr : std::make_shared<const headers>(std::move(fields));
}

}  // namespace kit::http
