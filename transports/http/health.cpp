#include <transports/http/health.hpp>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include <asio/this_coro.hpp>

#include <kit/codec/json.hpp>
#include <kit/error.hpp>
#include <kit/http/accept.hpp>
#include <kit/http/syntax.hpp>
#include <transports/http/detail/health_check.hpp>
#include <transports/http/router.hpp>
#include <transports/http/status_of.hpp>

namespace kit::http {
namespace {

constexpr std::string_view own_check = "ready";
constexpr std::string_view health_type = "application/health+json";
constexpr std::string_view json_type = "application/json";

bool has(probe set, probe one) noexcept {
  return (static_cast<unsigned>(set) & static_cast<unsigned>(one)) != 0;
}

std::string_view path_of(probe who) noexcept {
  if (who == probe::live) return "livez";
  return who == probe::ready ? "readyz" : "startupz";
}

// As it is shown.
struct line {
  std::string name;
  bool critical = true;
  bool excluded = false;
  detail::check_outcome outcome = {};

  bool fails() const noexcept { return outcome.failure.has_value(); }
};

// What peers may see of a failure, on one line.
std::string message_of(const error& e) {
  std::string text(e.get<error_body>() ? e.message() : error_response(e).body.text());
  std::replace_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return text;
}

// The JSON type that is asked for; empty for text, which is preferred among equals.
std::string_view wanted_type(const headers& fields) {
  const std::string_view offered[] = {"text/plain", health_type, json_type};
  const auto chosen = negotiate_media_type(fields, offered).value_or(0);
  return chosen == 0 ? std::string_view() : offered[chosen];
}

// draft-inadarei-api-health-check-06, 3 and 4.
struct json_line {
  std::string status;
  std::chrono::system_clock::time_point time;
  double observedValue;      // NOLINT(readability-identifier-naming): the draft's name
  std::string observedUnit;  // NOLINT(readability-identifier-naming): as above
  std::string output;
};
struct json_report {
  std::string status;
  std::map<std::string, std::vector<json_line>> checks;
};

std::string to_json(const std::vector<line>& lines, bool well) {
  const bool warns = std::any_of(lines.begin(), lines.end(),
                                 [](const line& l) { return l.fails() && !l.excluded; });
  json_report report{well ? (warns ? "warn" : "pass") : "fail", {}};
  for (const auto& l : lines) {
    if (l.excluded) continue;
    const std::chrono::duration<double, std::milli> took = l.outcome.took;
    report.checks[l.name].push_back({l.fails() ? (l.critical ? "fail" : "warn") : "pass",
                                     l.outcome.at, took.count(), "ms",
                                     l.fails() ? message_of(*l.outcome.failure) : ""});
  }
  return json::encode(report, {.escape_html = true}).value_or("{}");
}

std::string to_text(const std::vector<line>& lines, bool well, std::string_view path) {
  std::string text;
  for (const auto& l : lines) {
    text += l.fails() ? "[-]" : "[+]";
    text += l.name;
    if (l.excluded) {
      text += " excluded: ok\n";
    } else if (l.fails()) {
      text += l.critical ? " failed: " : " failed, which is not critical: ";
      text += message_of(*l.outcome.failure) + "\n";
    } else {
      text += " ok\n";
    }
  }
  return text.append(path).append(well ? " check passed\n" : " check failed\n");
}

}  // namespace

class health::state {
 public:
  using check_ptr = std::shared_ptr<detail::health_check>;

  state() = default;
  state(const state&) = delete;
  ~state() {
    for (const auto& c : checks_)
      c->cancel();
  }

  void add(check_ptr added) {
    const std::lock_guard lock(mutex_);
    for (const auto& c : checks_) {
      if (c->name == added->name) {
        throw error(errc::invalid_argument, "http::health: check '" + c->name + "' is there twice");
      }
    }
    checks_.push_back(std::move(added));
  }

  std::vector<check_ptr> checks(probe who) const {
    const std::lock_guard lock(mutex_);
    std::vector<check_ptr> chosen;
    for (const auto& c : checks_) {
      const bool comes_up = has(c->options.probes, probe::startup);
      const bool wanted = has(c->options.probes, who) || (who == probe::ready && comes_up);
      if (wanted && !(is_settled(*c, who) && comes_up)) chosen.push_back(c);
    }
    return chosen;
  }

  void set_ready(bool ready, std::string_view why) {
    const std::lock_guard lock(mutex_);
    not_ready_ = ready ? std::nullopt : std::optional<std::string>(why);
  }
  std::optional<std::string> not_ready() const {
    const std::lock_guard lock(mutex_);
    return not_ready_;
  }

 private:
  // It was asked for the sake of starting up, and that is over.
  static bool is_settled(const detail::health_check& c, probe who) {
    return c.has_passed() && (who == probe::startup || !has(c.options.probes, who));
  }

  mutable std::mutex mutex_;
  std::vector<check_ptr> checks_;
  std::optional<std::string> not_ready_;
};

class health::answerer {
 public:
  answerer(std::shared_ptr<state> s, probe who) : state_(std::move(s)), who_(who) {}

  asio::awaitable<result<response>> operator()(request req) const {
    const bool verbose = req.query("verbose").has_value();
    const auto exclude = req.query_all("exclude");
    const auto type = wanted_type(req.headers);
    const auto lines = co_await run_checks(state_, who_, exclude);
    const bool well = std::none_of(lines.begin(), lines.end(), [](const line& l) {
      return l.fails() && l.critical && !l.excluded;
    });
    const auto code = well ? status::ok : status::service_unavailable;
    auto r =
        !type.empty() ? response::text(code, to_json(lines, well), type)
        : well && !verbose
            ? response::text(code, "ok")
            : response::text(code, unknown(exclude, lines) + to_text(lines, well, path_of(who_)));
    r.headers.set(field::cache_control, "no-store");
    co_return r;
  }

 private:
  static bool contains(const std::vector<std::string>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  }

  static asio::awaitable<std::vector<line>> run_checks(std::shared_ptr<state> s, probe who,
                                                       const std::vector<std::string>& exclude) {
    std::vector<line> lines;
    if (who == probe::ready) {
      lines.push_back({.name = std::string(own_check), .excluded = contains(exclude, own_check)});
      lines.back().outcome.at = std::chrono::system_clock::now();
      if (auto why = s->not_ready(); why && !lines.back().excluded) {
        lines.back().outcome.failure = error(errc::unavailable, *std::move(why));
      }
    }
    const auto ex = co_await asio::this_coro::executor;
    const auto checks = s->checks(who);
    std::vector<std::uint64_t> runs;
    runs.reserve(checks.size());
    lines.reserve(lines.size() + checks.size());
    for (const auto& c : checks)
      runs.push_back(contains(exclude, c->name) ? 0 : c->begin(ex));
    for (std::size_t i = 0; i < checks.size(); ++i) {
      const auto& c = *checks[i];
      lines.push_back({c.name, c.options.critical, runs[i] == 0});
      if (runs[i] != 0) lines.back().outcome = co_await checks[i]->outcome(runs[i]);
    }
    co_return lines;
  }

  static std::string unknown(const std::vector<std::string>& exclude,
                             const std::vector<line>& lines) {
    std::string text;
    for (const auto& name : exclude) {
      const bool known =
          std::any_of(lines.begin(), lines.end(), [&](const line& l) { return l.name == name; });
      if (!known && is_token(name)) text += "warn: no check '" + name + "' to exclude\n";
    }
    return text;
  }

  std::shared_ptr<state> state_;
  probe who_;
};

health::health() : state_(std::make_shared<state>()) {}

health& health::add_check(std::string name, function f, const check_options& o) {
  const auto refuse = [&name](const char* what) {
    throw error(errc::invalid_argument, "http::health: check '" + name + "': " + what);
  };
  if (!is_token(name)) refuse("the name must be letters, digits or a few signs");
  if (name == own_check) refuse("the name is taken");
  if (o.timeout.count() <= 0) refuse("timeout must be more than 0");
  if (o.keep.count() < 0) refuse("keep must not be negative");
  const auto bits = static_cast<unsigned>(o.probes);
  if (bits == 0 || bits > 7) refuse("probes must name one at least");
  state_->add(std::make_shared<detail::health_check>(std::move(name), std::move(f), o));
  return *this;
}

void health::set_ready(bool ready, std::string_view why) {
  state_->set_ready(ready, why);
}

std::function<void()> health::on_drain() const {
  return [s = state_] { s->set_ready(false, "shutting down"); };
}

handler health::answer_to(probe who) const {
  return answerer(state_, who);
}

void health::mount(router& r) const {
  for (const auto who : {probe::live, probe::ready, probe::startup})
    r.get("/" + std::string(path_of(who)), answer_to(who));
}

}  // namespace kit::http
