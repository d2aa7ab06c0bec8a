#include <transports/http/compression.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <exception>
#include <optional>
#include <string_view>
#include <utility>

#include <kit/error.hpp>
#include <kit/http/syntax.hpp>
#include <transports/http/detail/coder.hpp>
#include <transports/http/status_of.hpp>

namespace kit::http {
namespace {

constexpr std::size_t piece = 64 * 1024;  // unpacked at a time

// Of the packed content. RFC 9530 for the digests.
constexpr std::array<std::string_view, 4> packed_only = {"Content-MD5", "Digest", "Content-Digest",
                                                         "Repr-Digest"};

error too_large(const std::string& why) {
  return error(errc::resource_exhausted, why).with(error_status{status::content_too_large});
}

// Unpacks content that comes in pieces through one decoder after another.
class unpacker {
 public:
  // The last of `codings` was put on last, so it's taken off first.
  unpacker(const decompress_options& o, const std::vector<coding>& codings) : options_(o) {
    for (auto c = codings.rbegin(); c != codings.rend(); ++c)
      stages_.push_back({.decoder = detail::make_decoder(*c)});
  }

  enum class state { some, starved, ended };

  void give(std::string packed) {
    given_ += packed.size();
    auto& first = stages_.front();
    if (first.at == first.in.size()) {
      first.in = std::move(packed);
      first.at = 0;
    } else {
      first.in += packed;
    }
  }
  void give_end() { all_given_ = true; }

  // Appends the next bytes to `out`. Throws what `read` and the middleware do.
  state next(std::string& out) { return pull(stages_.size() - 1, out); }

 private:
  struct stage {
    std::unique_ptr<detail::decoder> decoder;
    std::string in = {};  // from `at` on
    std::size_t at = 0;
    std::uint64_t made = 0;
  };

  state pull(std::size_t index, std::string& out) {
    auto& s = stages_[index];
    for (;;) {
      const auto before = out.size();
      auto packed = std::string_view(s.in).substr(s.at);
      s.decoder->take(packed, out, piece);
      s.at = s.in.size() - packed.size();
      if (out.size() > before) {
        count(s, out.size() - before, index + 1 == stages_.size());
        return state::some;
      }
      const auto more = refill(index);
      if (more == state::starved) return more;
      if (more == state::ended) {
        if (given_ > 0 && !s.decoder->complete()) {
          throw error(errc::invalid_argument, "content breaks off before its coding ends");
        }
        return more;
      }
    }
  }

  state refill(std::size_t index) {
    auto& s = stages_[index];
    if (index == 0) return all_given_ ? state::ended : state::starved;
    s.in.clear();
    s.at = 0;
    return pull(index - 1, s.in);
  }

  // What lies between two codings is limited, too: it costs time.
  void count(stage& s, std::size_t made, bool last) const {
    s.made += made;
    const std::uint64_t slack = last ? 0 : piece;
    if (s.made > options_.max_bytes && s.made - options_.max_bytes > slack) {
      throw too_large("unpacked content is longer than " + std::to_string(options_.max_bytes) +
                      " bytes");
    }
    if (options_.max_ratio == 0 || s.made <= piece) return;
    if ((s.made - piece) / options_.max_ratio > given_) {
      throw too_large("unpacked content is more than " + std::to_string(options_.max_ratio) +
                      " times as long as it came");
    }
  }

  const decompress_options options_;
  std::vector<stage> stages_;
  std::uint64_t given_ = 0;
  bool all_given_ = false;
};

class unpacked_source final : public body_source {
 public:
  unpacked_source(body packed, unpacker u) : packed_(std::move(packed)), unpacker_(std::move(u)) {}

  asio::awaitable<std::optional<std::string>> read() override {
    std::string out;
    for (;;) {
      switch (unpacker_.next(out)) {
        case unpacker::state::some:
          co_return out;
        case unpacker::state::ended:
          co_return std::nullopt;
        case unpacker::state::starved:
          break;
      }
      if (auto chunk = co_await packed_.read()) {
        unpacker_.give(*std::move(chunk));
      } else {
        unpacker_.give_end();
      }
    }
  }
  const headers& trailers() const noexcept override { return packed_.trailers(); }
  bool endless() const noexcept override { return packed_.source()->endless(); }

 private:
  body packed_;  // a stream
  unpacker unpacker_;
};

std::optional<coding> coding_of(const decompress_options& o, std::string_view text) {
  for (const auto c : o.codings) {
    if (iequals(text, detail::name(c))) return c;
    if (c == coding::gzip && iequals(text, "x-gzip")) return c;  // RFC 9110 8.4.1.3
  }
  return std::nullopt;
}

// 415 tells what would be taken (RFC 9110 12.5.3).
error unsupported(const decompress_options& o, const std::string& why) {
  std::string list;
  for (const auto c : o.codings)
    (list += list.empty() ? "" : ", ") += detail::name(c);
  error_headers fields;
  fields.headers.set(field::accept_encoding, list.empty() ? "identity" : list);
  return error(errc::invalid_argument, why)
      .with(error_status{status::unsupported_media_type})
      .with(std::move(fields));
}

result<std::vector<coding>> codings_of(const decompress_options& o, const headers& fields) {
  std::vector<coding> all;
  for (auto list : fields.get_all(field::content_encoding)) {
    for (auto text = next_list_member(list); !text.empty(); text = next_list_member(list)) {
      if (iequals(text, "identity")) continue;
      const auto c = coding_of(o, text);
      if (!c) return fail(unsupported(o, "content coding is not supported"));
      if (all.size() == o.max_layers) return fail(unsupported(o, "too many content codings"));
      all.push_back(*c);
    }
  }
  return all;
}

void unpack_bytes(request& req, unpacker u) {
  std::string plain;
  u.give(req.body.take());
  u.give_end();
  while (u.next(plain) != unpacker::state::ended) {
  }
  req.body.storage() = std::move(plain);  // the trailers stay
  req.body.pad();
  if (req.headers.contains(field::content_length)) {
    req.headers.set(field::content_length, std::to_string(req.body.bytes().size()));
  }
}

result<void> unpack(const decompress_options& o, request& req) {
  if (!req.headers.contains(field::content_encoding)) return {};
  const auto codings = codings_of(o, req.headers);
  if (!codings) return fail(codings.error());
  req.headers.remove(field::content_encoding);
  if (codings->empty()) return {};
  for (const auto name : packed_only)
    req.headers.remove(name);
  if (req.body.is_stream()) {
    req.headers.remove(field::content_length);
    auto packed = std::exchange(req.body, {});
    req.body = body(std::make_shared<unpacked_source>(std::move(packed), unpacker(o, *codings)));
    return {};
  }
  try {
    unpack_bytes(req, unpacker(o, *codings));
    return {};
  } catch (...) {
    return fail(to_error(std::current_exception()));
  }
}

}  // namespace

class decompress::layer {
 public:
  layer(std::shared_ptr<const decompress_options> o, handler next)
      : options_(std::move(o)), next_(std::move(next)) {}

  // No coroutine of its own but for a failure.
  asio::awaitable<result<response>> try_call(request&& req) const {
    if (auto done = unpack(*options_, req); !done) return refuse(std::move(done).error());
    return next_.try_call(std::move(req));
  }

 private:
  static asio::awaitable<result<response>> refuse(error e) { co_return fail(std::move(e)); }

  std::shared_ptr<const decompress_options> options_;
  handler next_;
};

decompress::decompress(decompress_options options) {
  if (options.max_layers == 0) {
    throw error(errc::invalid_argument, "http::decompress_options::max_layers: must be at least 1");
  }
  options_ = std::make_shared<const decompress_options>(std::move(options));
}

handler decompress::operator()(handler next) const {
  return layer(options_, std::move(next));
}

}  // namespace kit::http
