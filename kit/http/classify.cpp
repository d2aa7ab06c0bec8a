#include <kit/http/classify.hpp>

#include <kit/http/check_status.hpp>
#include <kit/http/response.hpp>

namespace kit::http {
namespace {

classification of(const outcome& how) {
  const auto* answer = how.response<response>();
  if (!answer || to_int(answer->status) < 400) return classify::by_error(how.error());
  // Without the content, which may be long: only the code and the hints count.
  const auto checked = check_status({.status = answer->status, .headers = answer->headers});
  return classify::by_error(checked ? nullptr : &checked.error());
}

}  // namespace

classify by_status() {
  return classify(of);
}

}  // namespace kit::http
