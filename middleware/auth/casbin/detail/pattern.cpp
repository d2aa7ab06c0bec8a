#include <middleware/auth/casbin/detail/pattern.hpp>

#include <algorithm>
#include <optional>
#include <utility>

#include <re2/re2.h>

#include <kit/codec/utf8.hpp>
#include <kit/error.hpp>
#include <middleware/auth/casbin/detail/words.hpp>

namespace kit::casbin::detail {
namespace {

// A place in the pattern of a path: what stands there, and how long that is; nothing: no place.
struct place {
  std::string_view name;
  std::size_t size = 0;
};

std::optional<place> place_at(pattern_style style, std::string_view text) noexcept {
  if (style == pattern_style::key2) {
    const auto end = std::min(text.find('/'), text.size());
    if (!text.starts_with(':') || end < 2) return std::nullopt;
    return place{text.substr(1, end - 1), end};
  }
  const auto close = text.find_first_of("/{}", 1);
  if (!text.starts_with('{') || close == text.npos || close < 2 || text[close] != '}') {
    return std::nullopt;
  }
  return place{text.substr(1, close - 1), close + 1};
}

bool is_meta(char c) noexcept {
  return std::string_view("\\.+*?()|[]{}^$").find(c) != std::string_view::npos;
}

// Whether a regular expression finds itself alone. Only of ASCII: what isn't UTF-8 in a text counts
// as U+FFFD.
bool is_plain(std::string_view regex) noexcept {
  return std::none_of(regex.begin(), regex.end(),
                      [](char c) { return is_meta(c) || static_cast<unsigned char>(c) >= 0x80; });
}

// As Go, where each byte that isn't UTF-8 counts as a character: it must not keep a rule that
// denies from matching.
class valid_text {
 public:
  explicit valid_text(std::string_view text) : text_(text) {
    if (!is_utf8(text)) text_ = made_ = to_utf8(std::string(text));
  }
  re2::StringPiece piece() const noexcept { return {text_.data(), text_.size()}; }

 private:
  std::string made_;
  std::string_view text_;
};

}  // namespace

struct pattern::expression {
  expression(const std::string& text, const re2::RE2::Options& options) : re(text, options) {}
  re2::RE2 re;
};

pattern::pattern(pattern_style style, std::string_view text, std::size_t max_bytes)
    : style_(style), text_(text), max_bytes_(max_bytes) {
  switch (style) {
    case pattern_style::regex:
      if (!is_plain(text_)) compile(text_);
      return;
    case pattern_style::ip:
      try {
        networks_.add(text);
      } catch (const error& e) {
        problem_ = e.message();
      }
      return;
    case pattern_style::glob:
      (void)glob_matches({}, text, problem_);
      return;
    case pattern_style::key:
      return;
    default:
      if (!compile_segments()) compile_key();
  }
}

pattern::~pattern() = default;

void pattern::compile(const std::string& regex) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(static_cast<std::int64_t>(max_bytes_));
  regex_ = std::make_unique<expression>(regex, options);
  if (!regex_->re.ok()) problem_ = quoted(text_) + " is no pattern: " + regex_->re.error();
}

// Go casbin makes a regular expression of the pattern, and what else such one has keeps its
// meaning in there.
void pattern::compile_key() {
  std::string regex = "^";
  names_.clear();
  for (std::string_view rest = text_; !rest.empty();) {
    if (rest.starts_with("/*")) {
      regex += "/.*";
      rest.remove_prefix(2);
    } else if (const auto found = place_at(style_, rest)) {
      // By a name: the pattern may have groups of its own.
      regex += "(?P<place" + std::to_string(names_.size()) + ">[^/]+)";
      names_.emplace_back(found->name);
      rest.remove_prefix(found->size);
    } else {
      regex += rest.front();
      rest.remove_prefix(1);
    }
  }
  compile(regex + '$');
  if (!problem_.empty()) return;
  const auto& groups = regex_->re.NamedCapturingGroups();
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const auto group = groups.find("place" + std::to_string(i));
    if (group == groups.end()) {  // as in \Q:id
      problem_ =
          quoted(text_) + " is no pattern: what precedes " + quoted(names_[i]) + " quotes it";
      return;
    }
    groups_.push_back(static_cast<std::size_t>(group->second));
  }
}

// False: it takes a regular expression.
bool pattern::compile_segments() {
  segments_.assign(1, {});
  for (std::string_view rest = text_; !rest.empty();) {
    if (rest == "/*") {
      segments_.back() += '/';
      open_ = true;
      return true;
    }
    const auto found = place_at(style_, rest);
    if (!found && is_meta(rest.front())) return false;
    if (!found) {
      segments_.back() += rest.front();
      rest.remove_prefix(1);
      continue;
    }
    rest.remove_prefix(found->size);
    if (!rest.empty() && rest.front() != '/') return false;
    names_.emplace_back(found->name);
    segments_.emplace_back();
  }
  return true;
}

bool pattern::matches_segments(std::string_view text) const noexcept {
  if (!text.starts_with(segments_.front())) return false;
  text.remove_prefix(segments_.front().size());
  for (std::size_t i = 1; i < segments_.size(); ++i) {
    const auto end = std::min(text.find('/'), text.size());
    if (end == 0 || !text.substr(end).starts_with(segments_[i])) return false;
    text.remove_prefix(end + segments_[i].size());
  }
  return open_ ? text.find('\n') == text.npos : text.empty();
}

bool pattern::matches_regex(std::string_view text) const {
  const valid_text subject(text);
  return re2::RE2::PartialMatch(subject.piece(), regex_->re);
}

std::optional<std::vector<std::string>> pattern::values_of(std::string_view text) const {
  std::vector<std::string> values;
  if (!regex_) {
    if (!matches_segments(text)) return std::nullopt;
    text.remove_prefix(segments_.front().size());
    for (std::size_t i = 1; i < segments_.size(); ++i) {
      const auto end = std::min(text.find('/'), text.size());
      values.emplace_back(text.substr(0, end));
      text.remove_prefix(end + segments_[i].size());
    }
    return values;
  }
  const valid_text subject(text);
  std::vector<re2::StringPiece> parts(groups_.empty() ? 1 : groups_.back() + 1);
  if (!regex_->re.Match(subject.piece(), 0, subject.piece().size(), re2::RE2::UNANCHORED,
                        parts.data(), static_cast<int>(parts.size()))) {
    return std::nullopt;
  }
  for (const auto group : groups_)
    values.emplace_back(parts[group].data(), parts[group].size());
  return values;
}

bool pattern::same_values(std::string_view text) const {
  const auto values = values_of(text);
  if (!values) return false;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const auto first = std::find(names_.begin(), names_.end(), names_[i]) - names_.begin();
    if ((*values)[i] != (*values)[static_cast<std::size_t>(first)]) return false;
  }
  return true;
}

bool pattern::matches_address(std::string_view text, std::string& problem) const {
  const auto address = parse_ip_endpoint(text);
  if (address && !address->port && address->address.size() == text.size() &&
      text.find('%') == text.npos) {
    return networks_.contains(text);
  }
  problem = quoted(text) + " is no IP address";
  return false;
}

bool pattern::matches(std::string_view text, std::string& problem) const {
  if (!problem_.empty()) {
    problem = problem_;
    return false;
  }
  switch (style_) {
    case pattern_style::ip:
      return matches_address(text, problem);
    case pattern_style::glob:
      return glob_matches(text, text_, problem);
    case pattern_style::key: {
      const auto star = std::min(text_.find('*'), text_.size());
      const auto prefix = std::string_view(text_).substr(0, star);
      return star == text_.size() ? text == text_ : text.starts_with(prefix);
    }
    case pattern_style::regex:
      return regex_ ? matches_regex(text) : text.find(text_) != text.npos;
    case pattern_style::key5:
      text = text.substr(0, text.find('?'));
      break;
    default:
      break;
  }
  if (style_ == pattern_style::key4) return same_values(text);
  return regex_ ? matches_regex(text) : matches_segments(text);
}

std::string pattern::get(std::string_view text, std::string_view name) const {
  if (style_ == pattern_style::key) {
    const auto star = text_.find('*');
    if (star == text_.npos || text.size() <= star) return {};
    const bool same = text.substr(0, star) == std::string_view(text_).substr(0, star);
    return std::string(same ? text.substr(star) : std::string_view());
  }
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found == names_.end() || !problem_.empty()) return {};
  auto values = values_of(text);
  return values ? std::move((*values)[static_cast<std::size_t>(found - names_.begin())]) : "";
}

const pattern& pattern_set::add(pattern_style style, symbol text, const symbols& names) {
  auto& all = by_symbol_[static_cast<std::size_t>(style)];
  if (all.size() <= text) all.resize(names.size() + 1);
  if (!all[text]) all[text] = std::make_unique<pattern>(style, names.text(text), max_bytes_);
  return *all[text];
}

}  // namespace kit::casbin::detail
