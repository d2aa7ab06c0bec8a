#include <kit/codec/json_reader.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include <kit/codec/detail/json_number.hpp>
#include <kit/codec/detail/json_scan.hpp>
#include <kit/codec/detail/pool.hpp>

#include <simdjson.h>

namespace kit::json {

static_assert(detail::padding >= simdjson::SIMDJSON_PADDING);

namespace {

namespace ondemand = simdjson::ondemand;
using detail::kind_of;

/// Memory of one decode call. What is larger than this is given back after the call, in bytes.
constexpr std::size_t largest_kept = 256 * 1024;

/// More than this is not for the stack.
constexpr int deepest = 1000;

struct workspace {
  ondemand::parser parser;
  detail::padded_copy copy;
};
constinit detail::pool<workspace> workspaces;

/// Decoding takes one workspace, and another for each variant that tries alternatives.
class workspace_lease {
 public:
  ~workspace_lease() {
    lease_->copy.shrink(largest_kept);
    if (lease_->parser.capacity() > largest_kept) lease_->parser = ondemand::parser();
  }
  workspace* operator->() const { return lease_.operator->(); }

 private:
  detail::pool<workspace>::lease lease_{workspaces};
};

/// Behind a text these would make the parser run on: it goes on to the token at the end of it, and
/// a text that lacks brackets could find them there.
bool closes(char c) noexcept {
  return c == ']' || c == '}' || c == ',';
}

}  // namespace

struct reader::state {
  const decode_options* options;
  ondemand::document* document;
  ondemand::value value;        // the current one, unless it's the root
  const char* origin;           // where offsets count from
  const char* at;               // the first byte of the current value
  const char* end;              // of the text
  const char* after = nullptr;  // behind the last scalar that was read
  int depth_left;
  bool root = true;
  bool scalar_root = false;
  bool unread = true;
  bool present = false;  // the last field was there, and not as a null that counts as absent
  bool failed = false;
  bool broken = false;    // not JSON; the place is yet to be found
  std::size_t work_left;  // bytes that may still be parsed again, for variants
  std::string scratch;
  detail::problem error;

  state(const decode_options& o, ondemand::document& d, std::string_view text, const char* start)
      : options(&o),
        document(&d),
        origin(start),
        at(text.data()),
        end(text.data() + text.size()),
        depth_left(std::clamp(o.max_depth, 0, deepest)),
        work_left(64 * text.size()) {}

  bool open(ondemand::parser& parser, std::string_view text) {
    while (at != end && detail::is_space(*at))
      ++at;
    if (at == end) return syntax();
    scalar_root = *at != '[' && *at != '{';
    // Small parsers grow in steps, large ones are not kept anyway.
    const std::size_t room = std::max<std::size_t>(text.size(), 1024);
    if (parser.capacity() < text.size() &&
        parser.allocate(room > largest_kept ? room : std::bit_ceil(room))) {
      return fail("no memory to parse");
    }
    const simdjson::padded_string_view view(text.data(), text.size(),
                                            text.size() + simdjson::SIMDJSON_PADDING);
    return !parser.iterate(view).get(*document) || syntax();
  }

  /// Nothing may follow the value.
  bool finish() {
    if (failed || (unread && !skip())) return false;
    if (!scalar_root) {
      return document->current_location().error() == simdjson::OUT_OF_BOUNDS || syntax();
    }
    while (after != end && detail::is_space(*after))
      ++after;
    return after == end || syntax();
  }

  void locate(std::string_view text) {
    auto found = detail::find_problem(text, options->max_depth);
    error = found ? std::move(*found) : detail::problem{{}, "not valid JSON", 0};
  }

  bool fail(std::string message) {
    error = {{}, std::move(message), static_cast<std::size_t>(at - origin)};
    failed = true;
    return false;
  }
  bool syntax() {
    failed = broken = true;
    return false;
  }
  bool fail_expected(std::string_view what) {
    const kind k = kind_of(*at);
    if (k == kind::invalid) return syntax();
    return fail("expected " + std::string(what) + ", got " +
                detail::kind_names[static_cast<std::size_t>(k)]);
  }

  bool ends_scalar(const char* p) {
    if (p != end && !detail::is_space(*p) && *p != ',' && *p != ']' && *p != '}') return syntax();
    after = p;
    unread = false;
    return true;
  }
  bool literal(std::string_view word) {
    if (static_cast<std::size_t>(end - at) < word.size() ||
        std::memcmp(at, word.data(), word.size()) != 0) {
      return syntax();
    }
    return ends_scalar(at + word.size());
  }
  bool number(const char*& last) {
    if (kind_of(*at) != kind::number) return fail_expected("number");
    bool integer = false;
    last = detail::number_end(at, end, integer);
    return last ? ends_scalar(last) : syntax();
  }
  template <class Float>
  bool read_float(Float& v) {
    const char* last = nullptr;
    if (!number(last)) return false;
    return detail::parse_float(at, last, v) || out_of_range(last, "a floating-point number");
  }
  bool out_of_range(const char* last, const std::string& range) {
    return fail(detail::shortened({at, last}) + " is out of the range of " + range);
  }
  bool integer(detail::parsed_integer& n) {
    n = detail::parse_integer(at, end);
    if (n.status == detail::number_status::ok || n.status == detail::number_status::out_of_range) {
      return ends_scalar(n.end);
    }
    if (kind_of(*at) != kind::number) return fail_expected("number");
    if (n.status == detail::number_status::malformed) return syntax();
    return fail("expected integer, got " + detail::shortened({at, n.end}));
  }

  struct raw_string {
    const char* first;
    const char* last;
    bool escaped;
  };
  bool string(raw_string& s) {
    if (*at != '"') return fail_expected("string");
    // Unlike other scalars it must be taken from the parser: what comes next may be a colon.
    if (!root && unread && value.get_raw_json_string().error()) return syntax();
    s.first = at + 1;
    s.last = detail::string_end(s.first, s.escaped);
    return ends_scalar(s.last + 1);
  }

  /// The string's content; in `buffer` if it has escapes.
  bool unescaped(raw_string s, std::string& buffer, std::string_view& text) {
    text = std::string_view(s.first, static_cast<std::size_t>(s.last - s.first));
    if (!s.escaped) return true;
    buffer.clear();
    if (detail::unescape(s.first, s.last, buffer)) return syntax();
    text = buffer;
    return true;
  }

  void set(ondemand::value& v) {
    value = v;
    at = value.raw_json_token().data();
    root = false;
    unread = true;
  }

  bool enter(kind k, std::string_view what) {
    if (kind_of(*at) != k) return fail_expected(what);
    if (!unread) return fail("the codec read this value twice");
    if (depth_left == 0) {
      return fail("nested deeper than " + std::to_string(options->max_depth));
    }
    --depth_left;
    unread = false;
    return true;
  }
  void leave(const char* start) {
    ++depth_left;
    at = start;
    root = false;
    unread = false;
  }

  template <class F>
  bool each_element(F f) {
    const char* const start = at;
    if (!enter(kind::array, "array")) return false;
    ondemand::array array;
    if ((root ? document->get_array() : value.get_array()).get(array)) return syntax();
    std::size_t i = 0;
    for (auto element : array) {
      ondemand::value v;
      if (std::move(element).get(v)) return syntax();
      set(v);
      if (!f() || failed || (unread && !skip())) {
        detail::prepend_index(error.path, i);
        return false;
      }
      ++i;
    }
    leave(start);
    return true;
  }

  template <class F>
  bool each_member(F f) {
    const char* const start = at;
    if (!enter(kind::object, "object")) return false;
    ondemand::object object;
    if ((root ? document->get_object() : value.get_object()).get(object)) return syntax();
    for (auto member : object) {
      ondemand::field field;
      if (std::move(member).get(field)) return syntax();
      raw_string name{};
      name.first = field.key().raw();
      name.last = detail::string_end(name.first, name.escaped);
      set(field.value());
      if (!f(name)) return false;
    }
    leave(start);
    return true;
  }

  bool skip() {
    switch (kind_of(*at)) {
      case kind::null:
        return literal("null");
      case kind::boolean:
        return literal(*at == 't' ? "true" : "false");
      case kind::number: {
        const char* last = nullptr;
        return number(last);
      }
      case kind::string: {
        raw_string s{};
        std::string unused;
        std::string_view text;
        return string(s) && unescaped(s, unused, text);
      }
      case kind::array:
        return each_element([this] { return skip(); });
      case kind::object:
        return each_member([this](raw_string name) { return skip_member(name); });
      default:
        return syntax();
    }
  }

  /// Names are for the path of an error only, but their escapes must be valid all the same.
  bool skip_member(raw_string raw_name) {
    std::string buffer;
    std::string_view name;
    if (!unescaped(raw_name, buffer, name)) return false;
    if (skip()) return true;
    detail::prepend_name(error.path, name);
    return false;
  }

  bool raw(std::string_view& v) {
    const char* const start = at;
    const bool scalar = *at != '[' && *at != '{';
    if (!skip()) return false;
    const char* last = after;
    if (!scalar) {
      if (document->current_location().get(last)) last = end;  // there's no further token
      while (detail::is_space(last[-1]))
        --last;
    }
    v = std::string_view(start, static_cast<std::size_t>(last - start));
    return true;
  }
};

const decode_options& reader::options() const noexcept {
  return *s_.options;
}
kind reader::peek() const noexcept {
  return kind_of(*s_.at);
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
  if (kind_of(*s_.at) != kind::boolean) return s_.fail_expected("boolean");
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
  return s_.each_member([&](state::raw_string raw_name) {
    std::string_view name;
    if (!s_.unescaped(raw_name, s_.scratch, name)) return false;
    if (f(context, name) && !s_.failed && (!s_.unread || s_.skip())) return true;
    std::string buffer;
    if (s_.unescaped(raw_name, buffer, name)) detail::prepend_name(s_.error.path, name);
    return false;
  });
}

namespace detail {
bool reader_access::read_object(reader& r, const decode_object& type, void* const* members) {
  reader::state& s = r.s_;
  std::uint64_t seen = 0;
  std::size_t expected = 0;
  const auto read_member = [&](reader::state::raw_string raw_name) {
    std::string_view name;
    if (!s.unescaped(raw_name, s.scratch, name)) return false;
    const std::size_t i = find_field(type, name, expected, s.options->ignore_case);
    if (i == no_field) {
      if (!s.options->refuse_unknown) return s.skip_member(raw_name);
      s.fail("unknown field");
      prepend_name(s.error.path, name);
      return false;
    }
    expected = i + 1;
    if (read_field(r, type.fields[i], members[i], (seen >> i) & 1)) {
      if (s.present) seen |= std::uint64_t{1} << i;
      return true;
    }
    prepend_name(s.error.path, type.fields[i].name);
    return false;
  };
  if (!s.each_member(read_member)) return false;
  if (const std::uint64_t missing = type.required & ~seen) {
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
  workspace_lease work;
  ondemand::document document;
  reader::state s(options, document, raw, outer.origin);
  s.depth_left = outer.depth_left;
  s.work_left = outer.work_left;
  reader inner(s);
  const bool ok = s.open(work->parser, raw) && f(inner, object) && s.finish();
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

result<void> reader_access::run(const input& in, const decode_options& options, decode_function f,
                                void* object) {
  std::string_view text = in.text();
  if (text.size() > options.max_bytes) {
    const std::string limit = std::to_string(options.max_bytes);
    return kit::fail(errc::invalid_argument,
                     "$: text is longer than " + limit + " bytes at byte " + limit);
  }
  workspace_lease work;
  if (!in.padded() || closes(text.data()[text.size()])) text = work->copy.assign(text);
  ondemand::document document;
  reader::state s(options, document, text, text.data());
  reader r(s);
  if (s.open(work->parser, text) && f(r, object) && s.finish()) return {};
  if (!s.failed) s.fail("refused by its codec");
  if (s.broken) s.locate(text);
  return kit::fail(errc::invalid_argument, '$' + s.error.path + ": " + s.error.what + " at byte " +
                                               std::to_string(s.error.offset));
}

}  // namespace detail
}  // namespace kit::json
