#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include <kit/codec/detail/json_number.hpp>
#include <kit/codec/detail/json_ondemand.hpp>
#include <kit/codec/detail/json_scan.hpp>
#include <kit/codec/json_reader.hpp>

namespace kit::json {

/// Where a reader stands. Short texts are walked over here, which spares them an index; long ones
/// by simdjson. Scalars are read here in both cases.
struct reader::state {
  const decode_options* options;
  detail::ondemand_walk* walk;  // null: the text is walked over here
  const char* origin;           // where offsets count from
  const char* at;               // the first byte of the current value
  const char* end;              // of the text
  const char* after = nullptr;  // behind the last scalar, or without `walk` the last value
  int depth_left;
  bool scalar_root = false;
  bool unread = true;    // the current value
  bool present = false;  // the last field was there, and not as a null that counts as absent
  bool failed = false;
  bool broken = false;    // not JSON; the place is yet to be found
  std::size_t work_left;  // bytes that may still be parsed again, for variants
  std::string scratch = {};
  detail::problem error = {};

  state(const decode_options& o, detail::ondemand_walk* w, std::string_view text, const char* start)
      : options(&o),
        walk(w),
        origin(start),
        at(text.data()),
        end(text.data() + text.size()),
        depth_left(detail::clamped_depth(o.max_depth)),
        work_left(64 * text.size()) {}

  // --- failures ---------------------------------------------------------------------------------

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
    const kind k = detail::kind_of(*at);
    if (k == kind::invalid) return syntax();
    return fail("expected " + std::string(what) + ", got " +
                detail::kind_names[static_cast<std::size_t>(k)]);
  }
  bool out_of_range(const char* last, const std::string& range) {
    return fail(detail::shortened({at, last}) + " is out of the range of " + range);
  }

  // --- the text as a whole ----------------------------------------------------------------------

  bool open(std::string_view text) {
    using status = detail::ondemand_walk::status;
    at = skip_space(at);
    if (at == end) return syntax();
    scalar_root = *at != '[' && *at != '{';
    const status s = walk ? walk->open(text) : status::ok;
    if (s == status::no_memory) return fail("no memory to parse");
    return s == status::ok || syntax();
  }

  bool outermost() const { return depth_left == detail::clamped_depth(options->max_depth); }

  /// Nothing may follow the value.
  bool finish() {
    if (failed || (unread && !skip())) return false;
    if (walk && !scalar_root) return walk->at_end() || syntax();
    return skip_space(after) == end || syntax();
  }

  void locate(std::string_view text) {
    auto found = detail::find_problem(text, options->max_depth);
    error = found ? std::move(*found) : detail::problem{{}, "not valid JSON", 0};
  }

  const char* skip_space(const char* p) const {
    while (p != end && detail::is_space(*p))
      ++p;
    return p;
  }

  // --- scalars ----------------------------------------------------------------------------------

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
    if (detail::kind_of(*at) != kind::number) return fail_expected("number");
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
  bool integer(detail::parsed_integer& n) {
    n = detail::parse_integer(at, end);
    if (n.status == detail::number_status::ok || n.status == detail::number_status::out_of_range) {
      return ends_scalar(n.end);
    }
    if (detail::kind_of(*at) != kind::number) return fail_expected("number");
    if (n.status == detail::number_status::malformed) return syntax();
    return fail("expected integer, got " + detail::shortened({at, n.end}));
  }

  struct raw_string {
    const char* first = nullptr;
    const char* last = nullptr;  // the closing quote
    bool escaped = false;
  };
  /// Finds the end of the string.
  bool scan(raw_string& s) {
    if (walk) {
      s.last = detail::string_end(s.first, s.escaped);
      return true;
    }
    s.last = detail::checked_string_end(s.first, end, s.escaped);
    return s.last || syntax();
  }
  bool string(raw_string& s) {
    if (*at != '"') return fail_expected("string");
    // Unlike other scalars it must be taken from the parser: what comes next may be a colon.
    if (walk && unread && !walk->take_string()) return syntax();
    s.first = at + 1;
    return scan(s) && ends_scalar(s.last + 1);
  }
  /// The string's content; in `buffer` if it has escapes.
  bool unescaped(const raw_string& s, std::string& buffer, std::string_view& text) {
    text = std::string_view(s.first, static_cast<std::size_t>(s.last - s.first));
    if (!s.escaped) return true;
    buffer.clear();
    if (detail::unescape(s.first, s.last, buffer)) return syntax();
    text = buffer;
    return true;
  }

  // --- arrays and objects -----------------------------------------------------------------------

  void stand_at(const char* value) {
    at = value;
    unread = true;
  }
  bool enter(kind k, std::string_view what) {
    if (detail::kind_of(*at) != k) return fail_expected(what);
    if (!unread) return fail("the codec read this value twice");
    if (depth_left == 0) {
      return fail("nested deeper than " +
                  std::to_string(detail::clamped_depth(options->max_depth)));
    }
    --depth_left;
    unread = false;
    return true;
  }
  bool leave(const char* start) {
    ++depth_left;
    at = start;
    unread = false;
    return true;
  }

  /// Calls `f()` at each element.
  template <class F>
  bool each_element(F f) {
    const char* const start = at;
    if (!enter(kind::array, "array")) return false;
    std::size_t i = 0;
    auto visit = [&](const char* value) {
      stand_at(value);
      if (f() && !failed && (!unread || skip())) {
        ++i;
        return true;
      }
      detail::prepend_index(error.path, i);
      return false;
    };
    return (walk ? walk_elements(visit) : elements_from(start + 1, visit)) && leave(start);
  }
  template <class Visit>
  bool elements_from(const char* p, Visit& visit) {
    p = skip_space(p);
    if (p != end && *p == ']') {
      after = p + 1;
      return true;
    }
    for (;;) {
      if (p == end) return syntax();
      if (!visit(p)) return false;
      p = skip_space(after);
      if (p == end || *p != ',') break;
      p = skip_space(p + 1);
    }
    if (p == end || *p != ']') return syntax();
    after = p + 1;
    return true;
  }
  template <class Visit>
  bool walk_elements(Visit& visit) {
    const auto call = [](void* v, const char* value) { return (*static_cast<Visit*>(v))(value); };
    bool malformed = false;
    return walk->each_element(call, &visit, malformed) || (malformed && syntax());
  }

  /// Calls `f(const raw_string& name, std::size_t field)` at each member, which must read the
  /// value. `match(const char* name)` may tell the field by the bytes behind the opening quote;
  /// with `no_field` the name is scanned.
  template <class Match, class F>
  bool each_member(Match match, F f) {
    const char* const start = at;
    if (!enter(kind::object, "object")) return false;
    return (walk ? walk_members(match, f) : members_from(start + 1, match, f)) && leave(start);
  }
  template <class Match, class F>
  bool members_from(const char* p, Match& match, F& f) {
    p = skip_space(p);
    if (p != end && *p == '}') {
      after = p + 1;
      return true;
    }
    for (;;) {
      if (p == end || *p != '"') return syntax();
      raw_string name{p + 1};
      const std::size_t field = match(name);
      if (field == detail::no_field && !scan(name)) return false;
      p = skip_space(name.last + 1);
      if (p == end || *p != ':') return syntax();
      p = skip_space(p + 1);
      if (p == end) return syntax();
      stand_at(p);
      if (!f(name, field)) return false;
      p = skip_space(after);
      if (p == end || *p != ',') break;
      p = skip_space(p + 1);
    }
    if (p == end || *p != '}') return syntax();
    after = p + 1;
    return true;
  }
  template <class Match, class F>
  bool walk_members(Match& match, F& f) {
    auto visit = [&](const char* name_start, const char* value) {
      raw_string name{name_start};
      const std::size_t field = match(name);
      stand_at(value);
      return (field != detail::no_field || scan(name)) && f(name, field);
    };
    using visit_type = decltype(visit);
    const auto call = [](void* v, const char* name, const char* value) {
      return (*static_cast<visit_type*>(v))(name, value);
    };
    bool malformed = false;
    return walk->each_member(call, &visit, malformed) || (malformed && syntax());
  }

  // --- any value --------------------------------------------------------------------------------

  bool skip() {
    raw_string s;
    const char* last = nullptr;
    switch (detail::kind_of(*at)) {
      case kind::null:
        return literal("null");
      case kind::boolean:
        return literal(*at == 't' ? "true" : "false");
      case kind::number:
        return number(last);
      case kind::string:
        return string(s) && (!s.escaped || detail::are_escapes_valid(s.first, s.last) || syntax());
      case kind::array:
        return each_element([this] { return skip(); });
      case kind::object:
        return each_member(
            [](const raw_string&) { return detail::no_field; },
            [this](const raw_string& name, std::size_t) { return skip_member(name); });
      default:
        return syntax();
    }
  }

  /// Names are for the path of an error only, but their escapes must be valid all the same.
  bool skip_member(const raw_string& raw_name) {
    if (raw_name.escaped && !detail::are_escapes_valid(raw_name.first, raw_name.last)) {
      return syntax();
    }
    return skip() || fail_in_member(raw_name);
  }
  bool fail_in_member(const raw_string& raw_name) {
    std::string buffer;
    std::string_view name;
    if (unescaped(raw_name, buffer, name)) detail::prepend_name(error.path, name);
    return false;
  }

  bool raw(std::string_view& v) {
    const char* const start = at;
    const bool scalar = *at != '[' && *at != '{';
    if (!skip()) return false;
    const char* last = after;
    if (walk && !scalar) {
      last = walk->position(end);
      while (detail::is_space(last[-1]))
        --last;
    }
    v = std::string_view(start, static_cast<std::size_t>(last - start));
    return true;
  }
};

}  // namespace kit::json
