#include <kit/http/sigv4.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <kit/codec/text.hpp>
#include <kit/detail/hex.hpp>
#include <kit/error.hpp>
#include <kit/http/percent.hpp>
#include <kit/http/query.hpp>
#include <kit/http/syntax.hpp>
#include <kit/http/url.hpp>

namespace kit::http {
namespace {

using digest = std::array<unsigned char, 32>;

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

constexpr std::array<std::string_view, 8> not_signed{
    "authorization",     "connection", "expect",     "te",
    "transfer-encoding", "upgrade",    "user-agent", "x-amzn-trace-id"};

error refuse(const char* what) {
  return error(errc::invalid_argument, std::string("sign_v4: ") + what);
}

digest sha256(std::string_view text) {
  digest out{};
  if (EVP_Digest(text.data(), text.size(), out.data(), nullptr, EVP_sha256(), nullptr) != 1) {
    throw error(errc::internal, "sign_v4: there is no SHA-256");
  }
  return out;
}

digest hmac(std::string_view key, std::string_view text) {
  digest out{};
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes, text.size(), out.data(),
            nullptr)) {
    throw error(errc::internal, "sign_v4: there is no HMAC-SHA-256");
  }
  return out;
}

std::string_view view(const digest& d) noexcept {
  return {reinterpret_cast<const char*>(d.data()), d.size()};
}

std::string hex(const digest& d) {
  std::string out;
  kit::detail::append_hex(out, std::as_bytes(std::span(d)));
  return out;
}

// `20150830T123600Z`
std::string basic_time(std::chrono::system_clock::time_point t) {
  std::string out;
  std::string problem;  // there is none in the years that the clock knows
  text::append(out, std::chrono::floor<std::chrono::seconds>(t), problem);
  std::erase_if(out, [](char c) { return c == '-' || c == ':'; });
  return out;
}

// RFC 3986 5.2.4, and without empty segments.
std::string normalized(std::string_view path) {
  std::vector<std::string_view> kept;
  const bool ends_in_slash = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    const auto segment = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(segment);
    }
  }
  std::string out;
  for (const auto segment : kept)
    out.append(1, '/').append(segment);
  if (ends_in_slash || out.empty()) out += '/';
  return out;
}

std::string canonical_path(const request& req, const sigv4_scope& scope) {
  std::string path(req.path());
  if (scope.normalize_path) path = normalized(path);
  if (!scope.encode_path) return path;
  std::string out;
  for (std::string_view rest = path; !rest.empty();) {
    const auto end = std::min(rest.find('/'), rest.size());
    out += percent_encode(rest.substr(0, end));
    if (end < rest.size()) out += '/';
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

// Sorted by what stands for the name, then for the value. A plus is a plus.
std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> all;
  const auto encoded = [](std::string_view text) {
    const auto plain = percent_decode(text);
    if (!plain) throw refuse("the query is not percent-encoded");
    return percent_encode(*plain);
  };
  while (const auto p = next_query_param(query))
    all.emplace_back(encoded(p->name), encoded(p->value));
  std::ranges::sort(all);
  std::string out;
  for (const auto& [name, value] : all)
    out.append(out.empty() ? "" : "&").append(name).append(1, '=').append(value);
  return out;
}

// Runs of spaces count as one.
std::string canonical_value(std::string_view value) {
  std::string out;
  for (const char c : trim_ows(value)) {
    if (c != ' ' || !out.ends_with(' ')) out += c;
  }
  return out;
}

struct signed_fields {
  std::string lines;  // `name:value\n` ...
  std::string names;  // `name;name`
};

signed_fields canonical_fields(const headers& from) {
  std::map<std::string, std::string> all;
  for (const auto& f : from) {
    auto name = to_lower(f.name);
    if (std::ranges::find(not_signed, name) != not_signed.end()) continue;
    const auto [at, is_new] = all.try_emplace(std::move(name));
    at->second.append(is_new ? "" : ",").append(canonical_value(f.value));
  }
  signed_fields out;
  for (const auto& [name, value] : all) {
    out.lines.append(name).append(1, ':').append(value).append(1, '\n');
    out.names.append(out.names.empty() ? "" : ";").append(name);
  }
  return out;
}

void set_host(request& req) {
  if (req.headers.contains(field::host)) return;
  const auto parsed = url::parse(req.target);
  if (!parsed) throw refuse("the target names no host, and there is no Host");
  req.headers.set(field::host, parsed->authority());
}

}  // namespace

void sign_v4(request& req, const aws_credentials& as, const sigv4_scope& scope,
             std::chrono::system_clock::time_point now) {
  if (req.body.is_stream()) throw refuse("the content is a stream");
  const auto time = basic_time(now);
  const auto day = time.substr(0, 8);
  const auto content = hex(sha256(req.body.bytes()));
  set_host(req);
  req.headers.set("X-Amz-Date", time);
  if (!as.session_token.empty()) req.headers.set("X-Amz-Security-Token", as.session_token);
  if (scope.digest_field) req.headers.set("X-Amz-Content-Sha256", content);

  const auto fields = canonical_fields(req.headers);
  std::string text(req.method.name());
  text.append(1, '\n').append(canonical_path(req, scope));
  text.append(1, '\n').append(canonical_query(req.query_string()));
  text.append(1, '\n').append(fields.lines);
  text.append(1, '\n').append(fields.names).append(1, '\n').append(content);

  const auto covers = day + '/' + scope.region + '/' + scope.service + "/aws4_request";
  auto to_sign = std::string(algorithm) + '\n' + time + '\n' + covers + '\n' + hex(sha256(text));
  auto key = hmac("AWS4" + as.secret_access_key, day);
  for (const std::string_view part :
       {std::string_view(scope.region), std::string_view(scope.service),
        std::string_view("aws4_request")})
    key = hmac(view(key), part);
  req.headers.set(field::authorization, std::string(algorithm) + " Credential=" + as.access_key_id +
                                            '/' + covers + ", SignedHeaders=" + fields.names +
                                            ", Signature=" + hex(hmac(view(key), to_sign)));
}

}  // namespace kit::http
