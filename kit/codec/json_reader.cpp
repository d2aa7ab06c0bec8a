#include <kit/codec/json_reader.hpp>

#include <bit>
#include <optional>
#include <utility>

#include <kit/codec/detail/json_state.hpp>

namespace kit::json {
namespace {

/// Up to this length, in bytes, a text is walked over as it is: for small ones that is much faster
/// than to index them first, for large ones it makes little difference (see json_bench).
constexpr std::size_t longest_short = 16 * 1024;

/// Behind a long text these would make the parser run on: it goes on to the token at the end of it,
/// and a text that lacks brackets could find them there.
bool closes(char c) noexcept {
  return c == ']' || c == '}' || c == ',';
}

}  // namespace

const decode_options& reader::options() const noexcept {
  return *s_.options;
}
kind reader::peek() const noexcept {
  return detail::kind_of(*s_.at);
}
bool reader::skip() {
  return s_.skip();
}
bool reader::read_raw(std::string_view& v) {
  return s_.raw(v);
}
bool reader::fail(std::string message) {
  return s_.fail(std::move(message));
}
bool reader::fail_expected(std::string_view what) {
  return s_.fail_expected(what);
}

bool reader::read_null() {
  return *s_.at == 'n' ? s_.literal("null") : s_.fail_expected("null");
}

bool reader::read(bool& v) {
  if (detail::kind_of(*s_.at) != kind::boolean) return s_.fail_expected("boolean");
  v = *s_.at == 't';
  return s_.literal(v ? "true" : "false");
}

bool reader::read(double& v) {
  return s_.read_float(v);
}
bool reader::read(float& v) {
  return s_.read_float(v);
}

bool reader::read(std::string& v) {
  state::raw_string s{};
  if (!s_.string(s)) return false;
  std::string_view text;
  if (!s_.unescaped(s, v, text)) return false;
  if (!s.escaped) v.assign(text);
  return true;
}

bool reader::read_text(std::string_view& v) {
  state::raw_string s{};
  return s_.string(s) && s_.unescaped(s, s_.scratch, v);
}

bool reader::read_signed(std::int64_t& v, std::int64_t least, std::int64_t most) {
  detail::parsed_integer n{};
  if (!s_.integer(n)) return false;
  const std::uint64_t limit = static_cast<std::uint64_t>(most) + (n.negative ? 1 : 0);
  if (n.status != detail::number_status::ok || n.magnitude > limit) {
    return s_.out_of_range(n.end, '[' + std::to_string(least) + ", " + std::to_string(most) + ']');
  }
  v = static_cast<std::int64_t>(n.negative ? 0 - n.magnitude : n.magnitude);
  return true;
}

bool reader::read_unsigned(std::uint64_t& v, std::uint64_t most) {
  detail::parsed_integer n{};
  if (!s_.integer(n)) return false;
  if (n.status != detail::number_status::ok || n.magnitude > (n.negative ? 0 : most)) {
    return s_.out_of_range(n.end, "[0, " + std::to_string(most) + ']');
  }
  v = n.magnitude;
  return true;
}

bool reader::elements(bool (*f)(void*), void* context) {
  return s_.each_element([=] { return f(context); });
}

bool reader::members(bool (*f)(void*, std::string_view), void* context) {
  const auto no_match = [](const state::raw_string&) { return detail::no_field; };
  return s_.each_member(no_match, [&](const state::raw_string& raw_name, std::size_t) {
    std::string_view name;
    if (!s_.unescaped(raw_name, s_.scratch, name)) return false;
    return (f(context, name) && !s_.failed && (!s_.unread || s_.skip())) ||
           s_.fail_in_member(raw_name);
  });
}

namespace detail {

bool reader_access::read_object(reader& r, const decode_object& type, void* const* members) {
  reader::state& s = r.s_;
  std::uint64_t seen = 0;
  std::size_t expected = 0;
  const auto is_expected = [&](reader::state::raw_string& name) {
    if (expected == type.count) return no_field;
    const decode_field& field = type.fields[expected];
    if (!field.is_at(name.first, s.end)) return no_field;
    name.last = name.first + field.name.size();
    return expected;
  };
  const auto read_member = [&](const reader::state::raw_string& raw_name, std::size_t i) {
    if (i == no_field) {
      std::string_view name;
      if (!s.unescaped(raw_name, s.scratch, name)) return false;
      i = find_field(type, name, s.options->ignore_case);
      if (i == no_field && s.options->refuse_unknown) {
        s.fail("unknown field");
        prepend_name(s.error.path, name);
        return false;
      }
      if (i == no_field) return s.skip_member(raw_name);
    }
    expected = i + 1;
    if (read_field(r, type.fields[i], members[i], (seen >> i) & 1)) {
      if (s.present) seen |= std::uint64_t{1} << i;
      return true;
    }
    prepend_name(s.error.path, type.fields[i].name);
    return false;
  };
  if (!s.each_member(is_expected, read_member)) return false;
  std::uint64_t missing = type.required & ~seen;
  if (missing && s.outermost()) missing = without_given(type, missing, s.options->given);
  if (missing) {
    const auto first = static_cast<std::size_t>(std::countr_zero(missing));
    return s.fail("missing field " + quoted(type.fields[first].name));
  }
  return true;
}

bool reader_access::read_field(reader& r, const decode_field& field, void* member, bool again) {
  reader::state& s = r.s_;
  s.present = *s.at != 'n' || field.nullable || s.options->refuse_null;
  if (!s.present) return s.literal("null");
  if (again && s.options->refuse_duplicates) return s.fail("duplicate field");
  if (again && field.reset) field.reset(member);
  if (!field.decode(r, member) || s.failed || (s.unread && !s.skip())) return false;
  s.present = true;
  return true;
}

bool reader_access::read_again(reader& r, std::string_view raw, const decode_options& options,
                               decode_function f, void* object) {
  reader::state& outer = r.s_;
  if (outer.work_left < raw.size()) return outer.fail("too many alternatives to try");
  outer.work_left -= raw.size();
  std::optional<ondemand_walk> walk;
  if (raw.size() > longest_short) walk.emplace();
  reader::state s(options, walk ? &*walk : nullptr, raw, outer.origin);
  s.depth_left = outer.depth_left;
  s.work_left = outer.work_left;
  reader inner(s);
  const bool ok = s.open(raw) && f(inner, object) && s.finish();
  outer.work_left = s.work_left;
  outer.error = std::move(s.error);
  outer.failed = !ok;
  outer.broken = s.broken;
  return ok;
}

bool reader_access::take_failure(reader& r, problem& out) {
  if (r.s_.broken) return false;
  out = std::exchange(r.s_.error, {});
  r.s_.failed = false;
  return true;
}

void reader_access::set_failure(reader& r, problem failure) {
  r.s_.error = std::move(failure);
  r.s_.failed = true;
}

namespace {

result<void> too_long(std::size_t limit) {
  const std::string bytes = std::to_string(limit);
  return kit::fail(errc::invalid_argument,
                   "$: text is longer than " + bytes + " bytes at byte " + bytes);
}

}  // namespace

result<void> reader_access::run_in(std::string_view text, ondemand_walk* walk,
                                   const decode_options& options, decode_function f, void* object) {
  reader::state s(options, walk, text, text.data());
  reader r(s);
  if (s.open(text) && f(r, object) && s.finish()) return {};
  if (!s.failed) s.fail("refused by its codec");
  if (s.broken) s.locate(text);
  return kit::fail(errc::invalid_argument, '$' + s.error.path + ": " + s.error.what + " at byte " +
                                               std::to_string(s.error.offset));
}

result<void> reader_access::run(const input& in, const decode_options& options, decode_function f,
                                void* object) {
  const std::string_view text = in.text();
  if (text.size() > options.max_bytes) return too_long(options.max_bytes);
  if (text.size() <= longest_short) return run_in(text, nullptr, options, f, object);
  ondemand_walk walk;
  const bool fit = in.padded() && !closes(text.data()[text.size()]);
  return run_in(fit ? text : walk.copy(text), &walk, options, f, object);
}

}  // namespace detail
}  // namespace kit::json
