#pragma once

#include <memory>
#include <optional>
#include <utility>

#include <kit/context.hpp>
#include <kit/log/detail/pairs.hpp>
#include <kit/log/level.hpp>

namespace kit::log {

namespace detail {
struct context_fields {
  std::shared_ptr<const stored_fields> fields;
};
struct context_level {
  level minimum;
};

context add_fields(const context& ctx, stored_fields fields);
/// The context's fields, null where there are none. Valid as long as the context.
const stored_fields* fields_of(const context& ctx) noexcept;
}  // namespace detail

/// A context whose records (of loggers bound to it or to what was made from it) carry these fields
/// behind those of `ctx`: `kit::with_context(kit::log::with_fields(ctx, "user", 7), work())`.
/// Values are copied; exceptions and texts as texts.
template <class... KeysAndValues>
  requires stored_key_values<KeysAndValues...>
context with_fields(const context& ctx, KeysAndValues&&... pairs) {
  return detail::add_fields(ctx, detail::stored(std::forward<KeysAndValues>(pairs)...));
}

/// A context in which loggers let through `minimum` and above, too, whatever the level of their
/// names: to look closely at one request. It never hides what is let through otherwise.
context with_level(const context& ctx, level minimum);

/// That level, nothing where there is none.
std::optional<level> level_of(const context& ctx) noexcept;

}  // namespace kit::log
