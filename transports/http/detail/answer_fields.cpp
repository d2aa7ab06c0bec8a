#include <transports/http/detail/answer_fields.hpp>

namespace kit::http::detail {

void add_vary(headers& fields, std::string_view name) {
  if (fields.has_member(field::vary, "*") || fields.has_member(field::vary, name)) return;
  fields.add(field::vary, name);
}

}  // namespace kit::http::detail
