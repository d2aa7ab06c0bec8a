#include <kit/http/multipart_reader.hpp>

#include <string_view>
#include <utility>

#include <kit/error.hpp>

namespace kit::http {
namespace {

std::string boundary_of(const headers& fields) {
  auto boundary = multipart_boundary(fields.get(field::content_type).value_or(""));
  if (!boundary) {
    throw error(errc::invalid_argument, "expected multipart content with a boundary");
  }
  return *std::move(boundary);
}

}  // namespace

// What the reader and the bodies of its parts share.
class multipart_reader::state {
 public:
  using event = multipart_parser::event;

  state(body content, std::string_view boundary, const multipart_options& options)
      : content_(std::move(content)), parser_(boundary, options) {}

  // What comes next, and not `need_more` or `failed`. Data are a view, valid until the next call.
  asio::awaitable<multipart_parser::result> next() {
    for (;;) {
      const auto r = parser_.next(std::string_view(buffer_).substr(used_));
      used_ += r.consumed;
      if (r.what == event::failed) throw parser_.error();
      if (r.what != event::need_more) co_return r;
      auto chunk = co_await content_.read();
      if (!chunk) throw error(errc::invalid_argument, "multipart content breaks off");
      if (used_ == buffer_.size()) {
        buffer_ = *std::move(chunk);
      } else {
        buffer_.erase(0, used_);
        buffer_ += *chunk;
      }
      used_ = 0;
    }
  }

  headers& fields() noexcept { return parser_.headers(); }

  std::size_t part = 0;  // the number of the one being read; 0 before the first

 private:
  body content_;
  multipart_parser parser_;
  std::string buffer_;
  std::size_t used_ = 0;
};

class multipart_reader::part_source final : public body_source {
 public:
  part_source(std::shared_ptr<state> s, std::size_t part) : state_(std::move(s)), part_(part) {}

  asio::awaitable<std::optional<std::string>> read() override {
    if (done_) co_return std::nullopt;
    if (state_->part != part_) {
      throw error(errc::failed_precondition, "the part was passed over");
    }
    const auto r = co_await state_->next();
    if (r.what == state::event::data) co_return std::string(r.data);
    done_ = true;
    co_return std::nullopt;
  }

 private:
  std::shared_ptr<state> state_;
  std::size_t part_;
  bool done_ = false;
};

multipart_reader::multipart_reader(body content, const headers& fields,
                                   const multipart_options& options)
    : state_(std::make_shared<state>(std::move(content), boundary_of(fields), options)) {}

asio::awaitable<std::optional<multipart_part>> multipart_reader::next_part() {
  return next_of(state_);
}

asio::awaitable<std::optional<multipart_part>> multipart_reader::next_of(std::shared_ptr<state> s) {
  ++s->part;
  for (;;) {
    const auto r = co_await s->next();
    if (r.what == state::event::end) co_return std::nullopt;
    if (r.what == state::event::part) break;
  }
  auto described = describe_part(s->fields());
  if (!described) throw std::move(described).error();
  std::optional<multipart_part> part(std::in_place);
  static_cast<part_description&>(*part) = *std::move(described);
  part->headers = std::move(s->fields());
  part->body = body(std::make_shared<part_source>(s, s->part));
  co_return part;
}

}  // namespace kit::http
