#include <transports/http/propagation.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include <kit/credentials.hpp>
#include <kit/http/grpc_timeout.hpp>
#include <kit/http/syntax.hpp>
#include <kit/metadata.hpp>
#include <transports/http/detail/remove_fields.hpp>

namespace kit::http {
namespace {

constexpr std::string_view prefix = "Grpc-Metadata-";

bool is_metadata(const headers::item& f) noexcept {
  return f.field == field::other && f.name.size() > prefix.size() &&
         iequals(f.name.substr(0, prefix.size()), prefix);
}

}  // namespace

void inject_context(headers& into, const context& ctx, time_point now) {
  if (const auto deadline = ctx.deadline()) {
    into.set(field::grpc_timeout, format_grpc_timeout(*deadline - now));
  }
  const auto& pairs = ctx.metadata();
  if (pairs.empty()) return;
  for (const auto& [key, value] : pairs)
    into.remove(std::string(prefix) + key);
  for (const auto& [key, value] : pairs) {
    if (is_token(key) && is_field_value(value)) into.add(std::string(prefix) + key, value);
  }
}

std::optional<duration> extract_timeout(const headers& from) noexcept {
  const auto text = from.get(field::grpc_timeout);
  return text ? parse_grpc_timeout(*text) : std::nullopt;
}

bool has_metadata(const headers& from) noexcept {
  return from.has_other() && std::any_of(from.begin(), from.end(), is_metadata);
}

void remove_metadata(headers& from) {
  detail::remove_fields(from, is_metadata);
}

context extract_metadata(const headers& from, context ctx) {
  metadata pairs;
  for (const auto& f : from) {
    if (is_metadata(f)) pairs.add(f.name.substr(prefix.size()), std::string(f.value));
  }
  return pairs.empty() ? ctx : ctx.with(std::move(pairs));
}

bool has_credentials(const headers& from, std::string_view api_key_field) noexcept {
  return from.get(field::authorization) ||
         (from.has_other() && !api_key_field.empty() && from.get(api_key_field));
}

context extract_credentials(const headers& from, std::string_view api_key_field, context ctx) {
  if (!has_credentials(from, api_key_field)) return ctx;
  credentials c{.authorization =
                    std::string(from.get(field::authorization).value_or(std::string_view()))};
  if (!api_key_field.empty()) {
    c.api_key = from.get(api_key_field).value_or(std::string_view());
  }
  return ctx.with(std::move(c));
}

void inject_credentials(headers& into, std::string_view api_key_field, const context& ctx) {
  const auto* c = ctx.get<outgoing_credentials>();
  if (!c) return;
  if (!c->authorization.empty() && is_field_value(c->authorization)) {
    into.set(field::authorization, c->authorization);
  }
  if (!c->api_key.empty() && !api_key_field.empty() && is_field_value(c->api_key)) {
    into.set(api_key_field, c->api_key);
  }
}

}  // namespace kit::http
