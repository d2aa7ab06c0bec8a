#include <algorithm>

#include <kit/codec/utf8.hpp>
#include <middleware/auth/casbin/detail/pattern.hpp>
#include <middleware/auth/casbin/detail/words.hpp>

namespace kit::casbin::detail {
namespace {

// The first character; what isn't UTF-8 is U+FFFD, byte by byte.
char32_t take_character(std::string_view& text) noexcept {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t size = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const auto bytes = text.substr(0, size);
  if (bytes.size() < size || !is_utf8(bytes)) {
    text.remove_prefix(1);
    return 0xfffd;
  }
  char32_t out = size == 1 ? lead : lead & (0x7fU >> size);
  for (const char c : bytes.substr(1))
    out = out << 6 | (static_cast<unsigned char>(c) & 0x3fU);
  text.remove_prefix(size);
  return out;
}

// One step in a glob other than `*`.
class step {
 public:
  // Takes the step off the glob, which isn't empty, and compares it with the first character of
  // the text, which is taken off, too. An empty text matches nothing.
  step(std::string_view& glob, std::string_view& text) : glob_(glob) {
    const bool at_end = text.empty();
    const bool slash = text.starts_with('/');
    const auto c = at_end ? U'\0' : take_character(text);
    if (glob_.front() == '?') {
      glob_.remove_prefix(1);
      matches_ = !at_end && !slash;
    } else if (glob_.front() == '[') {
      glob_.remove_prefix(1);
      matches_ = one_of(c) && !at_end;
    } else {
      matches_ = literal() == c && !at_end;
    }
  }
  bool matches() const noexcept { return matches_ && good_; }
  bool good() const noexcept { return good_; }

 private:
  char32_t literal() {
    if (glob_.starts_with('\\')) glob_.remove_prefix(1);
    if (glob_.empty()) {
      good_ = false;
      return 0;
    }
    return take_character(glob_);
  }

  char32_t bound() {
    if (glob_.starts_with('-') || glob_.starts_with(']')) good_ = false;
    return literal();
  }

  bool one_of(char32_t c) {
    const bool negated = glob_.starts_with('^');
    if (negated) glob_.remove_prefix(1);
    bool found = false;
    for (bool first = true; good_ && (first || !glob_.starts_with(']')); first = false) {
      const auto low = bound();
      auto high = low;
      if (glob_.starts_with('-')) {
        glob_.remove_prefix(1);
        high = bound();
      }
      found = found || (low <= c && c <= high);
    }
    if (good_) glob_.remove_prefix(1);
    return found != negated;
  }

  std::string_view& glob_;
  bool good_ = true;
  bool matches_ = false;
};

bool is_glob(std::string_view glob) {
  while (!glob.empty()) {
    if (glob.front() == '*') {
      glob.remove_prefix(1);
      continue;
    }
    std::string_view any = "a";
    if (!step(glob, any).good()) return false;
  }
  return true;
}

}  // namespace

bool glob_matches(std::string_view text, std::string_view glob, std::string& problem) {
  if (!is_glob(glob)) {
    problem = quoted(glob) + " is no pattern: a bracket or an escape isn't closed";
    return false;
  }
  // The last star, and the text from where it may take one more character.
  std::string_view after_star;
  std::string_view retry;
  bool star = false;
  while (!text.empty() || !glob.empty()) {
    if (glob.starts_with('*')) {
      glob.remove_prefix(1);
      star = true;
      after_star = glob;
      retry = text;
      continue;
    }
    if (!glob.empty() && !text.empty() && step(glob, text).matches()) continue;
    if (!star || retry.empty() || retry.front() == '/') return false;
    retry.remove_prefix(1);
    text = retry;
    glob = after_star;
  }
  return true;
}

}  // namespace kit::casbin::detail
