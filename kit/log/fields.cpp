#include <kit/log/fields.hpp>

#include <iterator>

namespace kit::log {
namespace detail {

const stored_fields* fields_of(const context& ctx) noexcept {
  const auto* held = ctx.get<context_fields>();
  return held ? held->fields.get() : nullptr;
}

context add_fields(const context& ctx, stored_fields fields) {
  if (fields.empty()) return ctx;
  if (const auto* outer = fields_of(ctx))
    fields.insert(fields.begin(), outer->begin(), outer->end());
  return ctx.with(context_fields{std::make_shared<const stored_fields>(std::move(fields))});
}

}  // namespace detail

context with_level(const context& ctx, level minimum) {
  return ctx.with(detail::context_level{minimum});
}

std::optional<level> level_of(const context& ctx) noexcept {
  const auto* held = ctx.get<detail::context_level>();
  return held ? std::optional(held->minimum) : std::nullopt;
}

}  // namespace kit::log
