#include <kit/debug/detail/change.hpp>

#include <string>
#include <string_view>
#include <utility>

#include <kit/codec/json.hpp>
#include <kit/http/media_type.hpp>

namespace kit::debug::detail {

struct level_change {
  std::string name;
  std::string level;
};

}  // namespace kit::debug::detail

template <>
struct kit::reflect_traits<kit::debug::detail::level_change> {
  using type = kit::debug::detail::level_change;
  static constexpr auto fields =
      kit::fields(kit::field<&type::name>().required(), kit::field<&type::level>().required());
};

namespace kit::debug::detail {
namespace {

// The page is for people: so many levels are a mistake, or an attack.
constexpr std::size_t most_levels = 1'000;
constexpr std::size_t longest_name = 200;

http::response refuse(http::status status, std::string_view message) {
  return http::response::text(status, std::string(message) + '\n');
}

// A browser says which site made the request, where it trusts the connection. Else it asks before
// it sends a field of another site's choice, and nobody answers that.
bool of_same_site(const http::headers& fields) {
  if (const auto site = fields.get(http::field::sec_fetch_site)) return *site == "same-origin";
  return fields.contains(http::field::x_requested_with);
}

bool is_json(const http::headers& fields) {
  const auto type = fields.get(http::field::content_type);
  const auto parsed = type ? http::media_type::parse(*type) : std::nullopt;
  return parsed && parsed->is("application/json");
}

std::optional<http::response> apply(log::levels levels, const level_change& change) {
  if (change.level == "inherit") {
    levels.reset(change.name);
    return std::nullopt;
  }
  std::optional<log::level> level;
  if (change.level != "none") {
    const auto parsed = log::parse_level(change.level);
    if (!parsed) return refuse(http::status::bad_request, parsed.error().message());
    level = *parsed;
  }
  if (change.name.size() > longest_name) {
    return refuse(http::status::bad_request, "the name is longer than 200 bytes");
  }
  const auto all = levels.settings();
  if (all.size() >= most_levels && !all.contains(change.name)) {
    return refuse(http::status::conflict, "there are too many levels");
  }
  levels.set(change.name, level);
  return std::nullopt;
}

}  // namespace

std::optional<http::response> change_level(const core& c, const http::request& req) {
  if (!c.options.allow_writes) {
    return refuse(http::status::forbidden, "nothing may be changed here");
  }
  if (!of_same_site(req.headers)) {
    return refuse(http::status::forbidden,
                  "only this page may change something, or a request with X-Requested-With");
  }
  if (!is_json(req.headers)) {
    return refuse(http::status::unsupported_media_type, "the content must be application/json");
  }
  const auto text = req.body.text();
  if (text.size() > longest_change) {
    return refuse(http::status::content_too_large, "the content is too large");
  }
  const auto change = json::decode<level_change>(text, {.refuse_unknown = true});
  if (!change) return refuse(http::status::bad_request, change.error().message());
  return apply(*c.options.levels, *change);
}

}  // namespace kit::debug::detail
