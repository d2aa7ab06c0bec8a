#include <kit/http/request.hpp>

#include <algorithm>

#include <kit/http/query.hpp>

namespace kit::http {
namespace {

// The target from the path on, without a fragment.
std::string_view path_and_query(std::string_view target) noexcept {
  if (target.starts_with('/')) return target;
  if (const auto colon = target.find("://"); colon != target.npos) {
    target.remove_prefix(colon + 3);
    target.remove_prefix(std::min(target.find_first_of("/?#"), target.size()));
    return target.substr(0, target.find('#'));
  }
  return target == "*" ? target : std::string_view();
}

}  // namespace

std::string_view request::path() const noexcept {
  auto text = path_and_query(target);
  text = text.substr(0, text.find('?'));
  return text.empty() && target.find("://") != target.npos ? std::string_view("/") : text;
}

std::string_view request::query_string() const noexcept {
  const auto text = path_and_query(target);
  const auto mark = text.find('?');
  return mark == text.npos ? std::string_view() : text.substr(mark + 1);
}

std::optional<std::string> request::query(std::string_view name) const {
  return find_query(query_string(), name);
}

std::vector<std::string> request::query_all(std::string_view name) const {
  return find_query_all(query_string(), name);
}

}  // namespace kit::http
