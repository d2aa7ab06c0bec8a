#include <kit/metrics/influx.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <kit/codec/base64.hpp>
#include <kit/error.hpp>
#include <kit/http/headers.hpp>
#include <kit/http/post.hpp>
#include <kit/http/query.hpp>
#include <kit/http/url.hpp>
#include <kit/metrics/detail/request_exporter.hpp>
#include <kit/metrics/detail/window.hpp>

namespace kit::metrics {
namespace {

[[noreturn]] void refuse(const char* what) {
  throw error(errc::invalid_argument, std::string("influx_options::") + what);
}

void check(const influx_options& o) {
  require_valid(o.format);
  if (o.max_lines < 1) refuse("max_lines: must be at least 1");
  if (!http::is_http_url(o.url)) refuse("url: is no URL of http or https");
  if (o.url.find_first_of("?#") != std::string::npos) refuse("url: has a query or a fragment");
  if (const auto* db = std::get_if<influx_database>(&o.to)) {
    if (db->name.empty()) refuse("to: the database has no name");
  } else if (std::get<influx_bucket>(o.to).bucket.empty()) {
    refuse("to: the bucket has no name");
  }
}

// Version 1 says `u` for what version 2 calls `us`.
std::string_view name(influx_precision precision, bool version_2) noexcept {
  switch (precision) {
    case influx_precision::nanoseconds:
      return "ns";
    case influx_precision::microseconds:
      return version_2 ? "us" : "u";
    case influx_precision::milliseconds:
      return "ms";
    case influx_precision::seconds:
      break;
  }
  return "s";
}

wall_time::duration length(influx_precision precision) noexcept {
  switch (precision) {
    case influx_precision::nanoseconds:
      return wall_time::duration(1);
    case influx_precision::microseconds:
      return std::chrono::microseconds(1);
    case influx_precision::milliseconds:
      return std::chrono::milliseconds(1);
    case influx_precision::seconds:
      break;
  }
  return std::chrono::seconds(1);
}

std::string_view name(influx_consistency c) noexcept {
  switch (c) {
    case influx_consistency::any:
      return "any";
    case influx_consistency::one:
      return "one";
    case influx_consistency::quorum:
      return "quorum";
    case influx_consistency::all:
      return "all";
    case influx_consistency::server_default:
      break;
  }
  return {};
}

std::string target_of(const influx_options& o) {
  std::string out = o.url;
  while (out.ends_with('/'))
    out.pop_back();
  http::query_builder query;
  const auto add = [&query](std::string_view key, std::string_view value) {
    if (!value.empty()) query.add(key, value);
  };
  if (const auto* db = std::get_if<influx_database>(&o.to)) {
    add("db", db->name);
    add("rp", db->retention_policy);
    add("precision", name(o.format.precision, false));
    add("consistency", name(db->consistency));
    return out + "/write?" + query.str();
  }
  const auto& to = std::get<influx_bucket>(o.to);
  add("org", to.org);
  add("bucket", to.bucket);
  add("precision", name(o.format.precision, true));
  return out + "/api/v2/write?" + query.str();
}

std::string authorization_of(const influx_options& o) {
  if (const auto* db = std::get_if<influx_database>(&o.to)) {
    if (db->user.empty()) return {};
    const auto pair = db->user + ':' + db->password;
    return "Basic " + base64::encode(std::as_bytes(std::span(pair)));
  }
  const auto& token = std::get<influx_bucket>(o.to).token;
  return token.empty() ? std::string() : "Token " + token;
}

std::vector<detail::push_batch> batches_of(std::string_view lines, std::size_t max_lines) {
  std::vector<detail::push_batch> out;
  while (!lines.empty()) {
    const auto end = lines.find('\n') + 1;
    if (out.empty() || out.back().values == max_lines) out.emplace_back();
    out.back().content += lines.substr(0, end);
    ++out.back().values;
    lines.remove_prefix(end);
  }
  return out;
}

class writer final : public detail::request_exporter {
 public:
  writer(registry metrics, endpoint<http::request, http::response> client, influx_options o)
      : request_exporter(o.push),
        options_((check(o), std::move(o))),
        window_(std::move(metrics)),
        target_(target_of(options_)),
        client_(std::move(client)) {
    if (const auto text = authorization_of(options_); !text.empty()) {
      fields_.set(http::field::authorization, text);
    }
  }

  std::string address() const override { return options_.url; }

 private:
  std::vector<detail::push_batch> make() override {
    auto now = window_.next();
    // Two flushes with one time would overwrite each other's points.
    const auto unit = length(options_.format.precision);
    now.time -= now.time.time_since_epoch() % unit;
    if (last_) now.time = std::max(now.time, *last_ + unit);
    last_ = now.time;
    return batches_of(influx_lines(now, options_.format), options_.max_lines);
  }

  asio::awaitable<result<void>> send(const detail::push_batch& b) override {
    const auto answer =
        co_await http::post(client_, target_, b.content, "text/plain; charset=utf-8", fields_);
    if (!answer) co_return fail(answer.error());
    co_return result<void>();
  }

  const influx_options options_;
  detail::window window_;
  std::optional<wall_time> last_;
  const std::string target_;
  http::headers fields_;
  endpoint<http::request, http::response> client_;
};

}  // namespace

influx_exporter::influx_exporter(registry metrics, endpoint<http::request, http::response> client,
                                 influx_options options)
    : push_exporter(
          std::make_unique<writer>(std::move(metrics), std::move(client), std::move(options))) {}

}  // namespace kit::metrics
