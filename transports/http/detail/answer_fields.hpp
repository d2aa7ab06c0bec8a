#pragma once

#include <string_view>
#include <utility>

#include <kit/http/headers.hpp>
#include <kit/http/response.hpp>
#include <kit/result.hpp>
#include <transports/http/status_of.hpp>

namespace kit::http::detail {

/// Calls `edit(headers&)` on the fields of an answer. Those of a failure are what is attached to
/// the error, so that layers further out still see that it is one.
template <class F>
void edit_fields(result<response>& answer, F&& edit) {
  if (answer) return edit(answer->headers);
  const auto* attached = answer.error().get<error_headers>();
  error_headers fields = attached ? *attached : error_headers{};
  edit(fields.headers);
  answer.error() = answer.error().with(std::move(fields));
}

/// Makes sure that `Vary` names that field (RFC 9110 12.5.5).
void add_vary(headers& fields, std::string_view name);

}  // namespace kit::http::detail
