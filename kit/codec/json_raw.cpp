#include <kit/codec/json_raw.hpp>

#include <kit/codec/detail/json_scan.hpp>

namespace kit::json {

result<raw> raw::parse(const input& text, const decode_options& options) {
  raw out;
  auto done = detail::reader_access::run(text, options, &detail::decode_value<raw>, &out);
  if (!done) return fail(std::move(done).error());
  return out;
}

kind raw::type() const noexcept {
  return detail::kind_of(text().front());
}

bool codec<raw>::decode(reader& r, raw& v) {
  std::string_view text;
  if (!r.read_raw(text)) return false;
  v.text_.assign(text);
  return true;
}

}  // namespace kit::json
