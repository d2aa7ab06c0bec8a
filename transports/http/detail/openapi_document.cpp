#include <transports/http/detail/openapi_document.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include <kit/codec/json.hpp>
#include <kit/error.hpp>
#include <kit/http/percent.hpp>
#include <kit/http/syntax.hpp>
#include <transports/http/detail/openapi_objects.hpp>

namespace kit::http::detail {
namespace {

using json::schema_field;
using json::schema_type;
using json::shape;

json::raw raw_of(const std::string& text) {
  return *json::raw::parse(text);  // it was written by `schema_set`
}

bool is_object(const schema_type* t) noexcept {
  return t && t->is == shape::object;
}

// A parameter is there or isn't, and is never null.
const schema_type& without_null(const schema_type& t) noexcept {
  const auto* at = &t;
  while (at->is == shape::nullable)
    at = at->parts[0];
  return *at;
}

// The methods that a document can have (OpenAPI 3.1.0, 4.8.9).
constexpr std::string_view known_methods[] = {"get",     "put",  "post",  "delete",
                                              "options", "head", "patch", "trace"};

bool takes_query(std::string_view method) noexcept {
  return method == "get" || method == "head" || method == "delete";
}

class writer {
 public:
  writer(std::span<const described_route> routes, const openapi_options& options)
      : options_(options) {
    for (const auto& r : routes) {
      if (r.method) add(r, to_lower(r.method->name()));
    }
    for (const auto& r : routes) {  // what other routes leave of their methods
      if (!r.method) add_any(r);
    }
    for (const auto& [name, text] : options.comments) {
      if (!used_comments_.contains(name)) {
        throw error(errc::invalid_argument,
                    "http::openapi_options::comments: there is no typed route '" + name + "'");
      }
    }
  }

  std::string text() {
    openapi::document d;
    const auto& contact = options_.contact;
    const auto& license = options_.license;
    d.info.title = options_.title;
    d.info.summary = options_.summary;
    d.info.description = options_.description;
    d.info.terms_of_service = options_.terms_of_service;
    d.info.version = options_.version;
    if (!(contact.name + contact.url + contact.email).empty()) {
      d.info.contact = {contact.name, contact.url, contact.email};
    }
    if (!license.name.empty()) d.info.license = {license.name, license.identifier, license.url};
    for (const auto& s : options_.servers)
      d.servers.push_back({s.url, s.description});
    d.paths = std::move(paths_);
    if (!schemas_.empty()) d.components = {raw_of(schemas_.definitions())};
    for (const auto& [name, comment] : tags_)
      d.tags.push_back({name, std::string(comment)});
    auto text = json::encode(d);
    if (!text) throw std::move(text).error();
    return *std::move(text);
  }

 private:
  void add_any(const described_route& r) {
    for (const std::string_view method : {"get", "put", "post", "delete", "patch"}) {
      const bool possible = !takes_query(method) || is_flat(r);
      if (possible && !operations_of(r).contains(std::string(method))) add(r, std::string(method));
    }
  }

  // Whether the request can be read from path and query.
  static bool is_flat(const described_route& r) {
    const auto& t = *r.is.types;
    return is_object(t.request) && t.has_parameter &&
           std::all_of(t.request->fields.begin(), t.request->fields.end(),
                       [&](const auto& f) { return t.has_parameter(f.name); });
  }

  // Patterns that differ in the names of their parameters only are one path.
  std::string path_of(const described_route& r) {
    std::string path, shape_of_path;
    for (const auto& s : r.pattern.segments) {
      const bool is_text = s.kind == segment_kind::text;
      const auto text = percent_encode(s.text, encode_set::path_segment);
      path += is_text ? "/" + text : "/{" + s.text + "}";
      shape_of_path += is_text ? "/" + text : "/{}";
    }
    return known_paths_.try_emplace(std::move(shape_of_path), std::move(path)).first->second;
  }
  openapi::path_item& operations_of(const described_route& r) { return paths_[path_of(r)]; }

  void add(const described_route& r, const std::string& method) {
    if (std::find(std::begin(known_methods), std::end(known_methods), method) ==
        std::end(known_methods)) {
      return;
    }
    openapi::operation o;
    o.operation_id = id_of(r, method);
    add_comment(o, r);
    add_tag(o, r);
    const auto in_path = add_path_parameters(o, r);
    const auto* request = r.is.types->request;
    if (takes_query(method) && (!request || is_object(request))) {
      add_query(o, r, in_path);
    } else if (request) {
      add_content(o, *request, in_path);
    }
    add_responses(o, r);
    operations_of(r).emplace(method, std::move(o));
  }

  std::string id_of(const described_route& r, const std::string& method) {
    std::string id;
    if (r.is.method && r.method) {
      id = r.is.method->name;
    } else {
      id = method;
      for (const auto& s : r.pattern.segments) {
        if (s.text.empty()) continue;
        id += '_';
        for (const char c : s.text)
          id += std::string_view("-._~").find(c) != std::string_view::npos || c == ' ' ? '_' : c;
      }
    }
    if (ids_.contains(id) && !r.is.service.empty()) id = std::string(r.is.service) + "_" + id;
    auto unique = id;
    for (int n = 2; !ids_.insert(unique).second; ++n)
      unique = id + "_" + std::to_string(n);
    return unique;
  }

  void add_comment(openapi::operation& o, const described_route& r) {
    std::string_view comment = r.is.method ? r.is.method->comment : std::string_view();
    const auto name = (r.method ? std::string(r.method->name()) + " " : "") + r.pattern.text;
    if (const auto given = options_.comments.find(name); given != options_.comments.end()) {
      used_comments_.insert(name);
      comment = given->second;
    }
    const auto line = comment.find('\n');
    o.summary = comment.substr(0, line);
    if (line != comment.npos) o.description = comment.substr(line + 1);
  }

  void add_tag(openapi::operation& o, const described_route& r) {
    std::string tag(r.is.service);
    if (tag.empty() && !r.prefix.empty()) {
      for (const auto& s : parse_pattern(r.prefix).segments) {
        if (s.kind == segment_kind::text && tag.empty()) tag = s.text;
      }
    }
    if (tag.empty()) return;
    o.tags.push_back(tag);
    const auto known =
        std::any_of(tags_.begin(), tags_.end(), [&](const auto& t) { return t.first == tag; });
    if (!known) tags_.emplace_back(std::move(tag), r.is.service_comment);
  }

  // Returns the names that the request calls them by.
  std::vector<std::string_view> add_path_parameters(openapi::operation& o,
                                                    const described_route& r) {
    std::vector<std::string_view> names;
    const auto shown = names_in(path_of(r));
    for (const auto& s : r.pattern.segments) {
      if (s.kind == segment_kind::text) continue;
      openapi::parameter p;
      p.name = shown[names.size()];
      p.in = "path";
      p.required = true;
      p.schema = raw_of(R"({"type":"string"})");
      names.push_back(s.text);
      if (const auto* f = field_of(*r.is.types, s.text)) {
        p.description = f->comment;
        p.schema = raw_of(schemas_.of(without_null(*f->type), {}, f->facts()));
      }
      if (s.kind == segment_kind::rest && p.description.empty()) {
        p.description = "the rest of the path, which may have slashes";
      }
      o.parameters.push_back(std::move(p));
    }
    return names;
  }

  static std::vector<std::string> names_in(const std::string& path) {
    std::vector<std::string> names;
    for (std::size_t at = path.find('{'); at != path.npos; at = path.find('{', at + 1))
      names.push_back(path.substr(at + 1, path.find('}', at) - at - 1));
    return names;
  }

  static const schema_field* field_of(const route_types& t, std::string_view name) {
    if (!is_object(t.request)) return nullptr;
    for (const auto& f : t.request->fields) {
      if (f.name == name) return &f;
    }
    return nullptr;
  }

  void add_query(openapi::operation& o, const described_route& r,
                 const std::vector<std::string_view>& in_path) {
    const auto& t = *r.is.types;
    if (!t.request || !t.has_parameter) return;
    for (const auto& f : t.request->fields) {
      const auto name = f.name;
      const bool taken = std::find(in_path.begin(), in_path.end(), name) != in_path.end();
      if (taken || !t.has_parameter(name)) continue;
      openapi::parameter p;
      const auto facts = f.facts();
      p.name = name;
      p.in = "query";
      p.required = facts.required;
      p.description = f.comment;
      p.schema = raw_of(schemas_.of(without_null(*f.type), {}, facts));
      o.parameters.push_back(std::move(p));
    }
  }

  // No content is as good as `{}`.
  void add_content(openapi::operation& o, const schema_type& request,
                   const std::vector<std::string_view>& in_path) {
    const auto left = [&](const schema_field& f) {
      return std::find(in_path.begin(), in_path.end(), f.name) == in_path.end();
    };
    const auto& fields = request.fields;
    if (is_object(&request) && std::none_of(fields.begin(), fields.end(), left)) return;
    auto& body = o.request_body.emplace();
    body.required = !is_object(&request) ||
                    std::any_of(fields.begin(), fields.end(),
                                [&](const auto& f) { return left(f) && f.facts().required; });
    const bool whole = in_path.empty() || !is_object(&request);
    body.content["application/json"].schema =
        raw_of(whole ? schemas_.of(request) : schemas_.object(request, in_path));
  }

  void add_responses(openapi::operation& o, const described_route& r) {
    const auto& t = *r.is.types;
    auto& success = o.responses[t.chooses_status ? "2XX" : "200"];
    success.description = "Success";
    if (t.response) success.content["application/json"].schema = raw_of(schemas_.of(*t.response));
    auto& failure = o.responses["default"];
    failure.description = "Failure";
    if (!r.is.own_errors) {
      failure.content["text/plain"].schema =
          raw_of(R"({"type":"string","description":"what went wrong"})");
    }
  }

  const openapi_options& options_;
  json::schema_set schemas_{"#/components/schemas/"};
  std::map<std::string, openapi::path_item> paths_;
  std::map<std::string, std::string> known_paths_;
  std::vector<std::pair<std::string, std::string_view>> tags_;
  std::set<std::string> ids_;
  std::set<std::string> used_comments_;
};

}  // namespace

void check(const openapi_options& options) {
  const auto need = [](bool right, const char* what) {
    if (!right) throw error(errc::invalid_argument, std::string("http::openapi_options::") + what);
  };
  need(!options.title.empty(), "title: must not be empty");
  need(!options.version.empty(), "version: must not be empty");
  for (const auto& s : options.servers)
    need(!s.url.empty(), "servers: a url must not be empty");
  const auto& l = options.license;
  need(!l.name.empty() || (l.identifier.empty() && l.url.empty()), "license: it needs a name");
  need(l.identifier.empty() || l.url.empty(), "license: identifier or url, not both");
}

std::string openapi_document(std::span<const described_route> routes,
                             const openapi_options& options) {
  return writer(routes, options).text();
}

}  // namespace kit::http::detail
