#include <kit/classify.hpp>

namespace kit {

std::string_view name(ending how) noexcept {
  switch (how) {
    case ending::succeeded:
      return "ok";
    case ending::business_failed:
      return "business_error";
    case ending::refused:
      return "refused";
    case ending::canceled:
      return "canceled";
    case ending::failed:
      return "failed";
  }
  return "";
}

kit::ending outcome::ending() const {
  if (!error_) return failed() ? kit::ending::business_failed : kit::ending::succeeded;
  if (error_->refused()) return kit::ending::refused;
  return error_->code() == errc::canceled ? kit::ending::canceled : kit::ending::failed;
}

classification classify::operator()(const outcome& o) const noexcept {
  if (custom_) {
    try {
      return custom_(o);
    } catch (...) {  // NOLINT(bugprone-empty-catch): a policy must go on
    }
  }
  return by_error(o.error());
}

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
  if (e->forbids_retry()) c.retryable = false;
  return c;
}

bool classify::may_repeat(const error& e) noexcept {
  return !e.forbids_retry() && (by_error(&e).retryable || e.code() == errc::deadline_exceeded);
}

classify classify::business_errors() {
  return classify([](const outcome& o) {
    const auto business = o.failed();
    return by_error(business ? &*business : o.error());
  });
}

}  // namespace kit
