#include <transports/http/client_codec.hpp>

#include <algorithm>
#include <vector>

#include <kit/http/percent.hpp>
#include <kit/http/query.hpp>

namespace kit::http {
namespace detail {
namespace {

// Where a URL's path ends.
std::size_t path_end(std::string_view target) noexcept {
  return std::min(target.find_first_of("?#"), target.size());
}

error no_value(std::string_view name) {
  return error(errc::invalid_argument,
               "path parameter \"" + std::string(name) + "\": there is no value for it");
}

// The first parameter of that name, taken out of the list.
std::optional<std::string> take(std::vector<query_param>& from, std::string_view name) {
  const auto found =
      std::find_if(from.begin(), from.end(), [&](const auto& p) { return p.name == name; });
  if (found == from.end()) return std::nullopt;
  auto value = std::move(found->value);
  from.erase(found);
  return value;
}

// `{rest...}` of a router's pattern takes several segments.
bool takes_rest(std::string_view& name) noexcept {
  if (!name.ends_with("...")) return false;
  name.remove_suffix(3);
  return true;
}

result<std::string> fill_path(std::string_view path, std::vector<query_param>& from) {
  std::string out;
  while (!path.empty()) {
    const auto open = path.find('{');
    const auto close = path.find('}', std::min(open, path.size()));
    if (open == path.npos || close == path.npos) break;
    out += path.substr(0, open);
    auto name = path.substr(open + 1, close - open - 1);
    const bool rest = takes_rest(name);
    const auto value = take(from, name);
    // An empty segment would name another resource, and a dot segment one above.
    if (!value || (!rest && (value->empty() || *value == "." || *value == ".."))) {
      return fail(no_value(name));
    }
    append_percent_encoded(out, *value, rest ? encode_set::path : encode_set::path_segment);
    path.remove_prefix(close + 1);
  }
  out += path;
  return out;
}

}  // namespace

bool puts_query(const request& req) noexcept {
  const auto m = req.method.known();
  return m == method::get || m == method::head || m == method::del;
}

bool has_placeholders(const request& req) noexcept {
  return req.target.find('{') < path_end(req.target);
}

result<void> fill_target(request& req, std::string_view parameters, bool rest_into_query) {
  const auto end = path_end(req.target);
  auto all = parse_query(parameters);
  if (!all) return fail(std::move(all).error());
  auto path = fill_path(std::string_view(req.target).substr(0, end), *all);
  if (!path) return fail(std::move(path).error());
  std::string query;
  if (rest_into_query && !all->empty()) {
    query_builder builder;
    for (const auto& p : *all)
      builder.add(p.name, p.value);
    query = std::move(builder).str();
  }
  std::string tail = req.target.substr(end);
  if (const auto fragment = tail.find('#'); fragment != tail.npos) tail.resize(fragment);
  if (!query.empty()) {
    if (tail.empty()) {
      tail = "?";
    } else if (tail.size() > 1) {
      tail += '&';
    }
  }
  req.target = *path + tail + query;
  return {};
}

void set_content(request& req, std::string content, std::string_view type) {
  req.body = body(std::move(content));
  req.headers.set(field::content_type, type);
}

}  // namespace detail

result<void> json_request_encoder<request>::operator()(request&& value, request& req) const {
  if (value.target == request().target) {
    value.target = std::move(req.target);
    if (value.method == request().method) value.method = req.method;
  }
  req = std::move(value);
  return {};
}

}  // namespace kit::http
