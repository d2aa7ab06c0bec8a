#include <kit/constraints/checker.hpp>

#include <algorithm>
#include <utility>

#include <kit/constraints/show.hpp>

namespace kit::detail {
namespace {

// Keys come from outside: what isn't a plain word is quoted.
bool is_word(std::string_view text) noexcept {
  constexpr std::size_t longest = 64;
  return !text.empty() && text.size() <= longest &&
         std::all_of(text.begin(), text.end(), [](char c) {
           const char lower = static_cast<char>(c | 0x20);
           return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
         });
}

void append_name(std::string& path, std::string_view name) {
  if (!path.empty()) path += '.';
  path += name;
}

// Paths are no deeper than options allow, but for containers in containers, which types bound.
void append_path(std::string& path, const check_step* at) {
  if (!at) return;
  append_path(path, at->outer);
  switch (at->is) {
    case check_step::kind::member:
      append_name(path, at->name);
      return;
    case check_step::kind::element:
      path.append("[").append(std::to_string(at->index)).append("]");
      return;
    case check_step::kind::key: {
      const auto key = at->key_text(at->key);
      if (is_word(key)) {
        append_name(path, key);
      } else {
        path.append("[").append(show_text(key)).append("]");
      }
      return;
    }
  }
}

}  // namespace

void checker::report(const check_step* at, std::string wanted, std::string got) {
  if (done_) return;
  if (count() >= options_.max_violations) {
    found_.more = done_ = true;
    return;
  }
  std::string path;
  append_path(path, at);
  found_.list.push_back(
      {std::move(path), std::move(wanted), hidden_ ? std::string() : std::move(got)});
}

void checker::report_depth(const check_step* at) {
  report(at, "at most " + std::to_string(options_.max_depth) + " levels of nesting", "more");
}

}  // namespace kit::detail
