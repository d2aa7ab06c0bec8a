#include <kit/http/classify.hpp>

#include <kit/http/response.hpp>

namespace kit::http {
namespace {

classification of(const outcome& how) {
  if (!how.response<response>()) return classify::by_error(how.error());
  const auto e = how.failure();
  return classify::by_error(e ? &*e : nullptr);
}

}  // namespace

classify by_status() {
  return classify(of);
}

}  // namespace kit::http
