#include <kit/jwt/claims.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>

#include <kit/jwt/detail/names.hpp>

namespace kit::jwt {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

constexpr std::array<std::string_view, 7> registered{"iss", "sub", "aud", "exp",
                                                     "nbf", "iat", "jti"};

wall_time time_of(double number) noexcept {
  constexpr auto last = std::chrono::floor<seconds>(wall_time::max().time_since_epoch());
  constexpr auto first = std::chrono::ceil<seconds>(wall_time::min().time_since_epoch());
  const double whole = std::floor(number);
  if (!(whole < static_cast<double>(last.count()))) return wall_time::max();
  if (!(whole > static_cast<double>(first.count()))) return wall_time::min();
  // To the microsecond: a double has no more digits.
  const seconds s(static_cast<std::int64_t>(whole));
  const microseconds rest(std::llround((number - whole) * 1e6));
  return wall_time(std::chrono::duration_cast<wall_time::duration>(s) + rest);
}

bool read_time(json::reader& r, std::optional<wall_time>& v) {
  double number = 0;
  if (!r.read(number)) return false;
  v = time_of(number);
  return true;
}

bool read_audience(json::reader& r, std::vector<std::string>& v) {
  if (r.peek() == json::kind::string) return r.read(v.emplace_back());
  if (r.peek() != json::kind::array) return r.fail_expected("string or array");
  return r.read_array([&] { return r.read(v.emplace_back()); });
}

bool write_time(json::writer& w, std::string_view name, const std::optional<wall_time>& v) {
  if (!v) return true;
  // Not `floor`, which goes past the first time point.
  const auto whole = std::chrono::duration_cast<seconds>(v->time_since_epoch());
  if (whole == v->time_since_epoch()) return w.member(name, std::int64_t{whole.count()});
  const auto fine = std::chrono::duration_cast<microseconds>(v->time_since_epoch());
  return w.member(name, static_cast<double>(fine.count()) / 1e6);
}

bool write_text(json::writer& w, std::string_view name, const std::string& v) {
  return v.empty() || w.member(name, v);
}

bool write_audience(json::writer& w, const std::vector<std::string>& v) {
  if (v.empty()) return true;
  return v.size() == 1 ? w.member("aud", v.front()) : w.member("aud", v);
}

/// The registered claims of an object.
struct reading {
  claims& into;

  bool member(json::reader& r, std::string_view name) const {
    if (name == "iss") return r.read(into.iss);
    if (name == "sub") return r.read(into.sub);
    if (name == "aud") return read_audience(r, into.aud);
    if (name == "exp") return read_time(r, into.exp);
    if (name == "nbf") return read_time(r, into.nbf);
    if (name == "iat") return read_time(r, into.iat);
    if (name == "jti") return r.read(into.jti);
    return r.skip();
  }
};

/// The members of an object, in their order.
struct members {
  std::vector<std::pair<std::string, json::raw>> all;
};

/// One of them.
struct wanted {
  std::string_view name;
  std::optional<json::raw> value;
};

}  // namespace
}  // namespace kit::jwt

template <>
struct kit::json::codec<kit::jwt::reading> {
  static bool decode(reader& r, jwt::reading& v) {
    jwt::detail::names seen;
    return r.read_object([&](std::string_view name) {
      seen.add(name);
      return v.member(r, name);
    }) && seen.distinct(r);
  }
};

template <>
struct kit::json::codec<kit::jwt::members> {
  static bool decode(reader& r, jwt::members& v) {
    return r.read_object([&](std::string_view name) {
      return r.read(v.all.emplace_back(std::string(name), raw()).second);
    });
  }
};

template <>
struct kit::json::codec<kit::jwt::wanted> {
  static bool decode(reader& r, jwt::wanted& v) {
    return r.read_object([&](std::string_view name) {
      return name == v.name ? r.read(v.value.emplace()) : r.skip();
    });
  }
};

namespace kit::jwt {

std::optional<json::raw> claims::member(std::string_view name) const {
  wanted w{name, {}};
  if (all.type() != json::kind::object || !json::decode_into(w, all.text())) return std::nullopt;
  return std::move(w.value);
}

}  // namespace kit::jwt

bool kit::json::codec<kit::jwt::claims>::decode(reader& r, jwt::claims& v) {
  if (r.peek() != kind::object) return r.fail_expected("object");
  jwt::claims fresh;
  if (!codec<raw>::decode(r, fresh.all)) return false;
  jwt::reading registered{fresh};
  if (auto done = decode_into(registered, fresh.all.text(), r.options()); !done) {
    return r.fail(std::string(done.error().message()));
  }
  v = std::move(fresh);
  return true;
}

bool kit::json::codec<kit::jwt::claims>::encode(writer& w, const jwt::claims& v) {
  jwt::members others;
  if (v.all.type() == kind::object) {
    if (!decode_into(others, v.all.text())) return w.fail("the other claims can't be read");
  } else if (v.all.type() != kind::null) {
    return w.fail("the other claims must be an object");
  }
  return w.write_object([&] {
    bool good = jwt::write_text(w, "iss", v.iss) && jwt::write_text(w, "sub", v.sub) &&
                jwt::write_audience(w, v.aud) && jwt::write_time(w, "exp", v.exp) &&
                jwt::write_time(w, "nbf", v.nbf) && jwt::write_time(w, "iat", v.iat) &&
                jwt::write_text(w, "jti", v.jti);
    for (const auto& [name, value] : others.all) {
      if (std::ranges::find(jwt::registered, name) == jwt::registered.end()) {
        good = good && w.member(name, value);
      }
    }
    return good;
  });
}
