#include <transports/http/files.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <sys/stat.h>

#include <kit/error.hpp>
#include <kit/http/accept.hpp>
#include <kit/http/conditional.hpp>
#include <kit/http/percent.hpp>
#include <kit/http/range.hpp>
#include <kit/http/syntax.hpp>
#include <transports/http/detail/file_source.hpp>
#include <transports/http/detail/open_file.hpp>
#include <transports/http/status_of.hpp>

namespace kit::http {
namespace {

using detail::open_file;
using kind = open_file::kind;

// Up to here content is read at once and sent with the head.
constexpr std::uint64_t small = 64 * 1024;

response answer(status code) {
  return response::text(code, reason_phrase(code));
}

std::string hex(std::uint64_t n) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  do
    text.insert(text.begin(), digits[n % 16]);
  while ((n /= 16) != 0);
  return text;
}

validators validators_of(const open_file& f) {
  const auto changed = static_cast<std::uint64_t>(f.changed.time_since_epoch().count());
  return {.etag = entity_tag{hex(changed) + '-' + hex(f.size)},
          .last_modified = std::chrono::floor<std::chrono::seconds>(f.changed)};
}

std::chrono::sys_seconds wall_clock() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

// A path below the folder, decoded and relative; nothing for one that is not to be looked up.
std::optional<std::string> relative_path(std::string_view path, bool hidden) {
  std::string out;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const auto end = std::min(path.find('/'), path.size());
    const auto segment = percent_decode(path.substr(0, end));
    path.remove_prefix(end);
    if (!segment) return std::nullopt;
    if (segment->empty() && path.empty()) break;  // the slash at the end
    const bool dot = segment->starts_with('.');
    if (segment->empty() || *segment == "." || *segment == ".." || (dot && !hidden) ||
        segment->find('/') != segment->npos || segment->find('\0') != segment->npos) {
      return std::nullopt;
    }
    if (!out.empty()) out += '/';
    out += *segment;
  }
  return out;
}

class file_server {
 public:
  file_server(std::string folder, files_options options)
      : folder_(std::move(folder)), options_(std::move(options)) {
    struct stat s{};
    if (::stat(folder_.c_str(), &s) != 0 || !S_ISDIR(s.st_mode)) {
      throw error(errc::invalid_argument, "http::files: \"" + folder_ + "\" is no folder");
    }
  }

  asio::awaitable<result<response>> try_call(request req) const { return give(serve(req)); }

 private:
  static asio::awaitable<result<response>> give(response r) { co_return std::move(r); }

  response serve(const request& req) const {
    if (req.method != method::get && req.method != method::head) {
      auto r = answer(status::method_not_allowed);
      r.headers.set(field::allow, "GET, HEAD");
      return r;
    }
    const auto path = req.path();
    auto name = path.starts_with('/') ? relative_path(path, options_.hidden) : std::nullopt;
    if (!name) return answer(status::not_found);
    auto found = open(*name);
    if (found.is == kind::folder) {
      if (!path.ends_with('/')) return to_folder(req);
      if (options_.index.empty()) return answer(status::not_found);
      if (!name->empty()) *name += '/';
      *name += options_.index;
      found = open(*name);
    } else if (found.is == kind::file && path.ends_with('/')) {
      return answer(status::not_found);
    }
    if (found.failed) return failure(found.failed);
    if (found.is != kind::file) return answer(status::not_found);
    return content(req, *name, std::move(found));
  }

  open_file open(const std::string& name) const {
    return detail::open_below(folder_, name, options_.follow_links);
  }

  static response failure(const std::error_code& failed) {
    if (failed == std::errc::permission_denied) return answer(status::forbidden);
    if (failed == std::errc::too_many_files_open ||
        failed == std::errc::too_many_files_open_in_system) {
      return answer(status::service_unavailable);
    }
    return answer(status::internal_server_error);
  }

  // A path that starts with two slashes would name another host.
  static response to_folder(const request& req) {
    const std::string_view whole = req.original_target.empty() ? req.target : req.original_target;
    const auto query = std::min(whole.find('?'), whole.size());
    auto path = whole.substr(0, query);
    while (path.starts_with("//"))
      path.remove_prefix(1);
    return response::redirect(status::moved_permanently,
                              std::string(path) + '/' + std::string(whole.substr(query)));
  }

  response content(const request& req, const std::string& name, open_file plain) const {
    response r;
    r.headers.set(field::content_type, type_of(name));
    r.headers.set(field::accept_ranges, "bytes");
    if (!options_.cache_control.empty()) {
      r.headers.set(field::cache_control, options_.cache_control);
    }
    auto file = options_.precompressed ? packed(req, r, name, std::move(plain)) : std::move(plain);
    const auto current = validators_of(file);
    set_validators(r.headers, current);
    const auto condition = evaluate_preconditions(req.method, req.headers, current, wall_clock());
    if (condition.what == precondition::outcome::failed) return answer(status::precondition_failed);
    if (condition.what == precondition::outcome::not_modified) {
      r.status = status::not_modified;
      r.headers.remove(field::content_type);
      return r;
    }
    if (condition.range_applies) {
      const auto wanted = parse_range(*req.headers.get(field::range), file.size);
      if (wanted.what == range_set::outcome::unsatisfiable) {
        auto refused = answer(status::range_not_satisfiable);
        refused.headers.set(field::content_range, unsatisfied_range(file.size));
        return refused;
      }
      if (wanted.what == range_set::outcome::partial) {
        return parts(std::move(r), std::move(file), wanted.ranges);
      }
    }
    if (file.size > 0) r.body = part(req, std::move(file), 0);
    return r;
  }

  static body part(const request& req, open_file file, std::uint64_t offset) {
    const auto size = file.size;
    if (size <= small && req.method != method::head) {
      return body(detail::read_part(file.fd.get(), offset, static_cast<std::size_t>(size)));
    }
    return body(std::make_shared<detail::file_source>(std::move(file.fd), offset, size));
  }

  static response parts(response r, open_file file, const std::vector<byte_range>& ranges) {
    r.status = status::partial_content;
    if (ranges.size() == 1) {
      r.headers.set(field::content_range, content_range{ranges[0], file.size}.str());
      r.body = body(std::make_shared<detail::file_source>(std::move(file.fd), ranges[0].first,
                                                          ranges[0].size()));
      return r;
    }
    const std::string type(*r.headers.get(field::content_type));
    auto source =
        std::make_shared<detail::ranges_source>(std::move(file.fd), file.size, ranges, type);
    r.headers.set(field::content_type, "multipart/byteranges; boundary=" + source->boundary());
    r.body = body(std::move(source));
    return r;
  }

  std::string_view type_of(const std::string& name) const {
    if (const auto dot = name.rfind('.'); dot != name.npos && !options_.types.empty()) {
      const auto found = options_.types.find(to_lower(std::string_view(name).substr(dot + 1)));
      if (found != options_.types.end()) return found->second;
    }
    return media_type_of(name);
  }

  // The file in its best form for this client.
  open_file packed(const request& req, response& r, const std::string& name,
                   open_file plain) const {
    r.headers.add(field::vary, "Accept-Encoding");
    for (std::vector<std::string_view> offered{"br", "gzip"}; !offered.empty();) {
      const auto coding = negotiate_encoding(req.headers, offered);
      const auto chosen = std::ranges::find(offered, coding.value_or("identity"));
      if (chosen == offered.end()) break;
      auto better = open(name + (*coding == "br" ? ".br" : ".gz"));
      if (better.is == kind::file && better.changed >= plain.changed) {
        r.headers.set(field::content_encoding, *coding);
        return better;
      }
      offered.erase(chosen);
    }
    return plain;
  }

  const std::string folder_;
  const files_options options_;
};

}  // namespace

handler files(std::string folder, files_options options) {
  return file_server(std::move(folder), std::move(options));
}

}  // namespace kit::http
