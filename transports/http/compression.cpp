#include <transports/http/compression.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <exception>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <kit/error.hpp>
#include <kit/http/accept.hpp>
#include <kit/http/syntax.hpp>
#include <transports/http/detail/answer_fields.hpp>
#include <transports/http/detail/coder.hpp>
#include <transports/http/framing.hpp>

namespace kit::http {
namespace {

// True of the plain content only. RFC 9530 for the digests.
constexpr std::array<std::string_view, 5> plain_only = {"Accept-Ranges", "Content-MD5", "Digest",
                                                        "Content-Digest", "Repr-Digest"};

[[noreturn]] void refuse(const std::string& what) {
  throw error(errc::invalid_argument, "http::compress_options::" + what);
}

void check(const compress_options& o) {
  if (o.zlib_level < 1 || o.zlib_level > 9) refuse("zlib_level: must be from 1 to 9");
  if (o.brotli_quality < 0 || o.brotli_quality > 11) refuse("brotli_quality: must be from 0 to 11");
  for (const auto& type : o.types) {
    const auto slash = type.find('/');
    if (slash == 0 || slash == type.npos || slash + 1 == type.size()) {
      refuse("types: '" + type + "' is no media type");
    }
  }
}

// What becomes of an answer to that client.
struct choice {
  std::optional<coding> best;  // none: plain
  bool refuses_plain = false;
};

choice choose(const compress_options& o, const headers& fields) {
  std::vector<std::string_view> offered;
  offered.reserve(o.codings.size());
  for (const auto c : o.codings)
    offered.push_back(detail::name(c));
  choice made;
  made.refuses_plain = !negotiate_encoding(fields, {});
  const auto name = negotiate_encoding(fields, offered);
  for (const auto c : o.codings) {
    if (name == detail::name(c)) made.best = c;
  }
  return made;
}

bool type_matches(std::string_view type, std::string_view pattern) noexcept {
  if (pattern.ends_with("/*")) {
    const auto start = pattern.substr(0, pattern.size() - 1);
    return start == "*/" || iequals(type.substr(0, start.size()), start);
  }
  if (pattern.starts_with("*/*+")) {
    const auto suffix = pattern.substr(3);
    return type.size() > suffix.size() && iequals(type.substr(type.size() - suffix.size()), suffix);
  }
  return iequals(type, pattern);
}

bool is_listed(const compress_options& o, const headers& fields) {
  const auto value = fields.get(field::content_type).value_or(std::string_view());
  const auto type = trim_ows(value.substr(0, value.find(';')));
  return !type.empty() && std::any_of(o.types.begin(), o.types.end(), [type](const auto& pattern) {
    return type_matches(type, pattern);
  });
}

// Whether a coding would change what the answer means.
bool is_fixed(const method& asked, const response& r) {
  return is_bodiless(r.status) || r.status == status::partial_content ||
         r.status == status::reset_content || asked == method::connect ||
         r.headers.contains(field::content_encoding) || r.headers.contains(field::content_range) ||
         r.headers.has_member(field::cache_control, "no-transform");
}

void weaken_etag(headers& fields) {
  const auto tag = fields.get(field::etag);
  if (tag && tag->starts_with('"')) fields.set(field::etag, "W/" + std::string(*tag));
}

void mark_encoded(headers& fields, coding c) {
  fields.set(field::content_encoding, detail::name(c));
  detail::add_vary(fields, name(field::accept_encoding));
  fields.remove(field::content_length);
  for (const auto name : plain_only)
    fields.remove(name);
  weaken_etag(fields);
}

// What the chunks of another stream become, each by itself.
class compressed_source final : public body_source {
 public:
  compressed_source(body plain, std::unique_ptr<detail::encoder> e)
      : plain_(std::move(plain)), encoder_(std::move(e)) {}

  asio::awaitable<std::optional<std::string>> read() override {
    std::string out;
    while (encoder_ && out.empty()) {
      const auto chunk = co_await plain_.read();
      if (!chunk) {
        encoder_->put({}, detail::encoder::then::finish, out);
        encoder_.reset();
      } else if (!chunk->empty()) {
        encoder_->put(*chunk, detail::encoder::then::flush, out);
      }
    }
    if (out.empty()) co_return std::nullopt;
    co_return out;
  }
  const headers& trailers() const noexcept override { return plain_.trailers(); }
  bool endless() const noexcept override { return plain_.source()->endless(); }

 private:
  body plain_;                                // a stream
  std::unique_ptr<detail::encoder> encoder_;  // null at the end
};

// Stands for content that nobody reads and whose length nobody knows: of an answer to HEAD.
class unread_source final : public body_source {
 public:
  asio::awaitable<std::optional<std::string>> read() override { co_return std::nullopt; }
};

}  // namespace

class compress::layer {
 public:
  layer(std::shared_ptr<const compress_options> o, handler next)
      : options_(std::move(o)), next_(std::move(next)) {}

  asio::awaitable<result<response>> try_call(request req) const {
    const auto asked = req.method;
    const auto chosen = choose(*options_, req.headers);
    auto answer = co_await next_.try_call(std::move(req));
    try {
      if (answer) apply(asked, chosen, *answer);
    } catch (...) {
      answer = fail(to_error(std::current_exception()));
    }
    co_return answer;
  }

 private:
  void apply(const method& asked, const choice& chosen, response& r) const {
    const auto best = chosen.best;
    if (r.status == status::not_modified) {  // goes by the answer that it stands for
      if (best) weaken_etag(r.headers);
      return;
    }
    if (is_fixed(asked, r)) return;
    const bool listed = is_listed(*options_, r.headers);
    if (!listed && !chosen.refuses_plain) return;
    const auto size = size_of(asked, r);
    if (size == 0U) return;
    const bool is_long = !size || *size >= options_->min_bytes;
    if (listed && is_long) detail::add_vary(r.headers, name(field::accept_encoding));
    if (!best || !(is_long || chosen.refuses_plain)) return;
    encode(asked, r, *best, chosen.refuses_plain);
  }

  // Nothing where it isn't known; of what HEAD stands for, the length that the handler says.
  static std::optional<std::uint64_t> size_of(const method& asked, const response& r) {
    if (asked != method::head || !r.body.empty()) return r.body.size();
    return content_length(r.headers).value_or(0);
  }

  void encode(const method& asked, response& r, coding c, bool must) const {
    if (asked == method::head) {
      mark_encoded(r.headers, c);
      r.body = body(std::make_shared<unread_source>());
      return;
    }
    const int level = c == coding::br ? options_->brotli_quality : options_->zlib_level;
    if (r.body.is_stream()) {
      auto plain = std::exchange(r.body, {});
      r.body = body(
          std::make_shared<compressed_source>(std::move(plain), detail::make_encoder(c, level, 0)));
      return mark_encoded(r.headers, c);
    }
    const auto plain = r.body.bytes();
    std::string packed;
    detail::make_encoder(c, level, plain.size())->put(plain, detail::encoder::then::finish, packed);
    if (packed.size() >= plain.size() && !must) return;
    r.body.storage() = std::move(packed);  // the trailers stay
    mark_encoded(r.headers, c);
  }

  std::shared_ptr<const compress_options> options_;
  handler next_;
};

compress::compress(compress_options options) {
  check(options);
  options_ = std::make_shared<const compress_options>(std::move(options));
}

handler compress::operator()(handler next) const {
  return layer(options_, std::move(next));
}

}  // namespace kit::http
