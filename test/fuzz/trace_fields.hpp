#pragma once

#include <kit/http/headers.hpp>
#include <kit/http/syntax.hpp>
#include <kit/tracing/propagation.hpp>

#include <initializer_list>
#include <optional>
#include <string_view>

// What the fuzzers of formats for spans have in common.

/// A message with those fields; a newline parts their values, `\x01` the lines of one field.
inline kit::http::headers fields_of(std::string_view text,
                                    std::initializer_list<const char*> names) {
  kit::http::headers h;
  for (const char* name : names) {
    auto values = text.substr(0, text.find('\n'));
    text.remove_prefix(values.size() + (values.size() < text.size() ? 1 : 0));
    for (;;) {
      const auto value = values.substr(0, values.find('\x01'));
      if (!value.empty() && kit::http::is_field_value(value)) h.add(name, value);
      if (value.size() == values.size()) break;
      values.remove_prefix(value.size() + 1);
    }
  }
  return h;
}

/// What is read, written in that format, and read again.
inline std::optional<kit::tracing::span_context> written_and_read(
    const kit::tracing::propagator& format, const kit::tracing::span_context& span) {
  kit::http::headers h;
  kit::tracing::header_writer out(h);
  format.inject(span, out);
  return format.extract(kit::tracing::header_reader(h));
}
