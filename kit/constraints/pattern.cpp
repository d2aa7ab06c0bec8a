#include <kit/constraints/pattern.hpp>

#include <re2/re2.h>

#include <kit/codec/utf8.hpp>
#include <kit/error.hpp>

namespace kit::detail {
namespace {

re2::RE2::Options quiet() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_never_capture(true);
  return options;
}

re2::StringPiece piece(std::string_view text) noexcept {
  return {text.data(), text.size()};
}

}  // namespace

struct matcher::expression {
  explicit expression(std::string_view text) : re(piece(text), quiet()) {}
  re2::RE2 re;
};

matcher::matcher(std::string_view pattern) : expression_(std::make_unique<expression>(pattern)) {
  if (expression_->re.ok()) return;
  throw error(errc::invalid_argument,
              "kit::pattern: '" + to_utf8(std::string(pattern)) + "': " + expression_->re.error());
}
matcher::~matcher() = default;

bool matcher::matches(std::string_view text) const {
  return is_utf8(text) && re2::RE2::FullMatch(piece(text), expression_->re);
}

std::string pattern_rule::wanted() const {
  return "text that matches " + std::string(text);
}

}  // namespace kit::detail
