#include <middleware/recover.hpp>

#include <cstdlib>
#include <exception>
#include <new>
#include <typeinfo>
#include <utility>

#include <cxxabi.h>

#include <kit/error.hpp>

namespace kit::middleware {
namespace {

std::string demangled(const char* name) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(name, nullptr, nullptr, &status), &std::free);
  return status == 0 && text ? text.get() : name;
}

// The type of an exception, by name; empty of a `kit::error`.
std::string foreign_type(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const error&) {
    return {};
  } catch (const std::exception& x) {
    return demangled(typeid(x).name());
  } catch (...) {
    const auto* type = abi::__cxa_current_exception_type();
    return type ? demangled(type->name()) : "unknown";
  }
}

}  // namespace

struct recover::shared {
  log::logger logger;
  recover_options options;
};

recover::recover(log::logger logger, recover_options options)
    : shared_(std::make_shared<const shared>(shared{std::move(logger), std::move(options)})) {}

void recover::leave(call& c) noexcept {
  const auto* e = c.outcome().error();
  if (!e || *e != errc::unknown) return;
  const auto thrown = e->cause();
  if (!thrown) return;
  try {
    const auto type = foreign_type(thrown);
    if (type.empty()) return;
    shared_->logger.in(c.context())
        .at(shared_->options.level, "exception in a handler", "method", c.name(), "exception", type,
            "err", *e);
    c.fail_with(error(errc::internal, shared_->options.message).with_cause(thrown));
  } catch (const std::bad_alloc&) {
    c.fail_with(errc::internal);
  }
}

}  // namespace kit::middleware
