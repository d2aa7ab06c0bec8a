#include <kit/tracing/span.hpp>

#include <algorithm>
#include <utility>

#include <kit/attempts.hpp>
#include <kit/codec/json.hpp>
#include <kit/codec/text.hpp>
#include <kit/tracing/detail/span_recorder.hpp>

namespace kit::tracing {

const attribute::value_type* find(const attributes& in, std::string_view key) noexcept {
  const auto found = std::ranges::find(in, key, &attribute::key);
  return found != in.end() ? &found->value : nullptr;
}

std::string to_text(const attribute::value_type& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* list = std::get_if<attribute::list_of_text>(&value)) {
    return json::encode(*list).value_or("[]");
  }
  std::string out, problem;
  std::visit(
      [&]<class T>(const T& v) {
        if constexpr (std::is_arithmetic_v<T>) text::append(out, v, problem);
      },
      value);
  return problem.empty() ? out : problem;
}

std::string_view name(span_kind kind) noexcept {
  switch (kind) {
    case span_kind::internal:
      return "internal";
    case span_kind::server:
      return "server";
    case span_kind::client:
      return "client";
    case span_kind::producer:
      return "producer";
    case span_kind::consumer:
      return "consumer";
  }
  return "";
}

std::string_view name(span_status status) noexcept {
  switch (status) {
    case span_status::unset:
      return "unset";
    case span_status::ok:
      return "ok";
    case span_status::error:
      return "error";
  }
  return "";
}

std::string_view resource::service_name() const noexcept {
  const auto* found = find(attributes, "service.name");
  const auto* text = found ? std::get_if<std::string>(found) : nullptr;
  return text ? std::string_view(*text) : "unknown_service";
}

void span::set_name(std::string_view name) const {
  if (recorder_) recorder_->set_name(name);
}

void span::set(attribute a) const {
  if (recorder_) recorder_->set(std::move(a), true);
}

void span::set_all(tracing::attributes all) const {
  for (auto& a : all)
    set(std::move(a));
}

void span::set_default(attribute a) const {
  if (recorder_) recorder_->set(std::move(a), false);
}

void span::add_event(std::string_view name, tracing::attributes about) const {
  if (recorder_) recorder_->add_event(name, std::move(about));
}

void span::add_link(span_link link) const {
  if (recorder_) recorder_->add_link(std::move(link));
}

void span::set_status(span_status status, std::string_view message) const {
  if (recorder_) recorder_->set_status(status, message);
}

void span::set_error(const error& e, bool counts) const {
  if (!recorder_) return;
  recorder_->set({"error.type", kit::name(e.code())}, false);
  if (const auto* all = e.get<attempts>()) {
    for (std::size_t i = 0; i < all->errors.size(); ++i) {
      recorder_->set({"gokit.retry.error." + std::to_string(i + 1), all->errors[i].message()},
                     true);
    }
  }
  if (counts) recorder_->set_status(span_status::error, e.message());
}

void span::end() const {
  if (recorder_) detail::span_recorder::end(recorder_, std::nullopt);
}

void span::end(time_point when) const {
  if (recorder_) detail::span_recorder::end(recorder_, when);
}

std::optional<span_data> span::data() const {
  return recorder_ ? std::optional(recorder_->data()) : std::nullopt;
}

span span_of(const context& ctx) {
  const auto* found = ctx.get<span>();
  return found ? *found : span();
}

context with_span(const context& ctx, span current) {
  return ctx.with(std::move(current));
}

context with_span_context(const context& ctx, span_context parent) {
  return ctx.with(span(std::move(parent)));
}

const span_context* current_span(const context& ctx) noexcept {
  const auto* found = ctx.get<span>();
  return found && found->context().valid() ? &found->context() : nullptr;
}

}  // namespace kit::tracing
