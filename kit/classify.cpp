#include <kit/classify.hpp>

namespace kit {

classification classify::by_error(const error* e) noexcept {
  if (!e) return {};
  classification c;
  switch (e->code()) {
    case errc::unavailable:
      c = {.failure = true, .retryable = true};
      break;
    case errc::resource_exhausted:
      c = {.failure = true, .retryable = true, .overload = true};
      break;
    case errc::deadline_exceeded:
      c = {.failure = true, .overload = true};
      break;
    case errc::unknown:
    case errc::unimplemented:
    case errc::internal:
    case errc::data_loss:
      c = {.failure = true};
      break;
    default:
      break;
  }
  if (e->retry_after()) c.retryable = true;
  return c;
}

classify classify::business_errors() {
  return classify([](const outcome& o) {
    const auto business = o.failed();
    return by_error(business ? &*business : o.error());
  });
}

}  // namespace kit
