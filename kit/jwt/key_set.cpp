#include <kit/jwt/key_set.hpp>

#include <fstream>
#include <set>
#include <utility>

#include <kit/codec/json.hpp>
#include <kit/error.hpp>
#include <kit/jwt/detail/key_parts.hpp>

namespace kit::jwt {
namespace {

struct jwks {
  std::vector<json::raw> keys;
};

[[noreturn]] void refuse(const std::string& why) {
  throw error(errc::invalid_argument, "jwt: the key set can't be used: " + why);
}

// Of each key, by itself.
struct kind {
  std::string kty;
  std::optional<std::string> alg, kid;
  std::optional<json::raw> d;
};

key key_of(std::string_view text, const kind& k, const key_set_options& options) {
  if (options.only_public && (k.kty == "oct" || k.d)) {
    throw error(errc::invalid_argument, "it should be public, but is secret");
  }
  key_options with{.allow_weak = options.allow_weak};
  if (k.kty == "RSA" && !k.alg) with.algorithm = options.rsa_algorithm;
  return key::from_jwk(text, std::move(with));
}

constexpr const char* same_kid = "two keys have the same kid";

}  // namespace

struct key_set::content {
  std::vector<key> keys;
  std::vector<std::string> passed_over;
};

std::shared_ptr<const key_set::content> key_set::checked(content c) {
  for (auto a = c.keys.begin(); a != c.keys.end(); ++a) {
    for (auto b = c.keys.begin(); b != a; ++b) {
      if (!a->id().empty() && a->id() == b->id() && a->algorithm() == b->algorithm()) {
        refuse(same_kid);
      }
    }
  }
  return std::make_shared<const content>(std::move(c));
}

key_set::key_set() : content_(std::make_shared<const content>()) {}
key_set::key_set(key k) : key_set(std::vector<key>{std::move(k)}) {}
key_set::key_set(std::vector<key> keys) : content_(checked({std::move(keys), {}})) {}
key_set::key_set(std::shared_ptr<const content> c) noexcept : content_(std::move(c)) {}

key_set key_set::parse(std::string_view json, const key_set_options& options) {
  const auto set = json::decode<jwks>(
      json, {.max_bytes = options.max_bytes, .max_depth = 32, .refuse_duplicates = true});
  if (!set) refuse(std::string(set.error().message()));
  if (set->keys.size() > options.max_keys) refuse("it has too many keys");
  content c;
  std::set<std::pair<std::string, std::string>> ids;  // also of keys that can't be used
  bool secret = false;
  bool pair = false;
  for (std::size_t i = 0; i < set->keys.size(); ++i) {
    const auto k = json::decode<kind>(set->keys[i].text()).value_or(kind());
    if (k.kid && k.alg && !ids.emplace(*k.kid, *k.alg).second) refuse(same_kid);
    try {
      c.keys.push_back(key_of(set->keys[i].text(), k, options));
      (c.keys.back().symmetric() ? secret : pair) = true;
    } catch (const error& e) {
      c.passed_over.push_back("key " + std::to_string(i) + ": " + e.what());
    }
  }
  if (secret && pair) refuse("it has secrets beside public keys");
  if (c.keys.empty()) refuse(c.passed_over.empty() ? "it has no keys" : c.passed_over.front());
  return key_set(checked(std::move(c)));
}

key_set key_set::load(const std::string& path, const key_set_options& options) {
  std::ifstream file(path, std::ios::binary);
  std::string text(options.max_bytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) throw error(errc::not_found, "jwt: can't read " + path);
  text.resize(static_cast<std::size_t>(file.gcount()));
  return parse(text, options);
}

std::span<const key> key_set::keys() const noexcept {
  return content_->keys;
}
std::span<const std::string> key_set::passed_over() const noexcept {
  return content_->passed_over;
}

}  // namespace kit::jwt
