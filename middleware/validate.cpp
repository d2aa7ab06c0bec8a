#include <middleware/validate.hpp>

#include <exception>

#include <kit/decision.hpp>

namespace kit::middleware {
namespace {

constexpr decision_kind refused{.layer = "validate",
                                .verb = "refused",
                                .words = "{violations} constraints broken, the first there"};
constexpr decision_kind withheld{.layer = "validate",
                                 .verb = "withheld",
                                 .words = "{violations} constraints of the response broken"};

void record(const context& ctx, std::string_view name, const decision_kind& kind,
            const violations& found) noexcept {
  decide(ctx, name, kind, {found.size()}, found.list.front().path);
}

}  // namespace

validate::validate(validate_options options) : options_(options) {
  if (options.limits.max_violations == 0) {
    throw error(errc::invalid_argument, "validate_options::limits.max_violations: at least 1");
  }
  if (options.limits.max_depth == 0) {
    throw error(errc::invalid_argument, "validate_options::limits.max_depth: at least 1");
  }
  if (options.max_named == 0) {
    throw error(errc::invalid_argument, "validate_options::max_named: at least 1");
  }
}

error validate::refusal(const context& ctx, std::string_view name, finding wrong) const {
  if (!wrong) return wrong.error();
  auto& found = *wrong;
  record(ctx, name, refused, found);
  auto text = "invalid request: " + found.text(options_.max_named);
  return error(errc::invalid_argument, std::move(text)).with(std::move(found)).with_refused();
}

error validate::breach(const context& ctx, std::string_view name, finding wrong) const {
  if (!wrong) return wrong.error();
  auto& found = *wrong;
  record(ctx, name, withheld, found);
  const error reason(errc::internal, "invalid response: " + found.text(options_.max_named));
  return error(errc::internal, "invalid response")
      .with(std::move(found))
      .with_cause(std::make_exception_ptr(reason));
}

}  // namespace kit::middleware
