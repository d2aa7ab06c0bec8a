#include <kit/jwt/jws.hpp>

#include <exception>
#include <span>
#include <utility>

#include <kit/codec/base64.hpp>
#include <kit/codec/json.hpp>
#include <kit/jwt/detail/names.hpp>

namespace kit::jwt {
namespace {

struct reading {
  header& into;
  std::string alg = {};
};

struct writing {
  std::string_view alg, kid, typ;
};

result<jws> malformed(std::string why) {
  return fail(make_error(failure::malformed)
                  .with_cause(std::make_exception_ptr(error(errc::invalid_argument, why))));
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace
}  // namespace kit::jwt

template <>
struct kit::json::codec<kit::jwt::reading> {
  static bool decode(reader& r, jwt::reading& v) {
    jwt::detail::names seen;
    return r.read_object([&](std::string_view name) {
      seen.add(name);
      if (name == "alg") return r.read(v.alg);
      if (name == "kid") return r.read(v.into.kid);
      if (name == "typ") return r.read(v.into.typ);
      v.into.critical = v.into.critical || name == "crit";
      return r.skip();
    }) && seen.distinct(r);
  }
};

template <>
struct kit::json::codec<kit::jwt::writing> {
  static bool encode(writer& w, const jwt::writing& v) {
    return w.write_object([&] {
      return w.member("alg", v.alg) && (v.kid.empty() || w.member("kid", v.kid)) &&
             (v.typ.empty() || w.member("typ", v.typ));
    });
  }
};

namespace kit::jwt {

result<jws> jws::parse(std::string_view token, std::size_t max_bytes) {
  if (token.size() > max_bytes) return malformed("longer than " + std::to_string(max_bytes));
  const auto first = token.find('.');
  const auto second = first == token.npos ? token.npos : token.find('.', first + 1);
  if (second == token.npos) return malformed("not three parts");
  // A further dot is outside of the alphabet.
  auto head = base64::decode_url(token.substr(0, first));
  auto payload = base64::decode_url(token.substr(first + 1, second - first - 1));
  auto signature = base64::decode_url(token.substr(second + 1));
  if (!head || !payload || !signature) return malformed("not in base64url");
  jws out;
  reading r{out.head_};
  const json::decode_options strict{.max_bytes = max_bytes, .max_depth = 16};
  if (auto done = json::decode_into(r, *head, strict); !done) {
    return malformed("header: " + std::string(done.error().message()));
  }
  if (r.alg.empty()) return malformed("header: no alg");
  out.head_.alg = algorithm_from_name(r.alg);
  out.payload_ = *std::move(payload);
  out.signature_ = *std::move(signature);
  out.signed_ = token.substr(0, second);
  return out;
}

bool jws::may_be_by(const key& k) const noexcept {
  return k.can_verify() && (head_.kid.empty() || k.id().empty() || k.id() == head_.kid);
}

std::optional<failure> jws::rules_out(const key_set& keys) const {
  if (!head_.alg) return failure::unexpected_algorithm;
  auto why = failure::unknown_key;
  for (const auto& k : keys.keys()) {
    if (!may_be_by(k)) continue;
    if (k.algorithm() == *head_.alg) return std::nullopt;
    why = failure::unexpected_algorithm;
  }
  return why;
}

bool jws::signed_by(const key_set& keys) const {
  for (const auto& k : keys.keys()) {
    if (may_be_by(k) && k.algorithm() == head_.alg && k.verify(signed_, signature_)) return true;
  }
  return false;
}

result<std::string> verify_jws(std::string_view token, const key_set& keys, std::size_t max_bytes) {
  auto parsed = jws::parse(token, max_bytes);
  if (!parsed) return fail(std::move(parsed).error());
  if (parsed->head().critical) return fail(make_error(failure::critical_extension));
  if (const auto why = parsed->rules_out(keys)) return fail(make_error(*why));
  if (!parsed->signed_by(keys)) return fail(make_error(failure::bad_signature));
  return std::move(parsed->payload());
}

result<std::string> sign_jws(std::string_view payload, const key& k, std::string_view typ) {
  const auto head = json::encode(writing{name(k.algorithm()), k.id(), typ});
  if (!head) return fail(head.error());
  std::string out = base64::encode_url(bytes_of(*head));
  out += '.';
  base64::append_url(out, bytes_of(payload));
  const auto signature = k.sign(out);
  if (!signature) return fail(signature.error());
  out += '.';
  base64::append_url(out, bytes_of(*signature));
  return out;
}

}  // namespace kit::jwt
