#include "http_corpus.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <string_view>

#include <simdjson.h>

#include <kit/http/syntax.hpp>

namespace test {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

std::string base64(std::string_view text) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned bits = 0;
  int count = 0;
  for (char c : text) {
    if (c == '=') break;
    const auto digit = alphabet.find(c);
    if (digit == alphabet.npos) throw std::runtime_error("corpus: bad base64");
    bits = bits << 6 | static_cast<unsigned>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<char>(bits >> count & 0xff));
    }
  }
  return out;
}

std::string text(element e) {
  return std::string(std::string_view(e));
}

// Calls `use` with the member of that name, if there is one.
template <class Use>
void with(element e, std::string_view name, Use use) {
  element member;
  if (e[name].get(member) == simdjson::SUCCESS) use(member);
}

std::map<std::string, std::string> fields(element e) {
  std::map<std::string, std::string> out;
  for (const auto member : object(e))
    out.emplace(member.key, text(member.value));
  return out;
}

http_message message(element e) {
  http_message m;
  with(e, "method", [&](element v) { m.method = text(v); });
  with(e, "target", [&](element v) { m.target = text(v); });
  with(e, "path", [&](element v) { m.path = text(v); });
  with(e, "body", [&](element v) { m.body = base64(text(v)); });
  with(e, "headers", [&](element v) { m.headers = fields(v); });
  with(e, "headers_ws", [&](element v) { m.headers_ws = fields(v); });
  with(e, "absent", [&](element v) {
    for (element name : v)
      m.absent.push_back(text(name));
  });
  return m;
}

http_case parse(element e) {
  http_case c;
  c.id = text(e["id"]);
  c.level = text(e["level"]);
  c.reason = text(e["reason"]);
  c.expect = text(e["expect"]);
  with(e, "raw", [&](element v) { c.wire = base64(text(v)); });
  with(e, "parts", [&](element v) {
    c.large = true;
    for (element part : v) {
      const auto bytes = base64(text(part.at(0)));
      const std::uint64_t times = part.at(1);
      for (std::uint64_t i = 0; i < times; ++i)
        c.wire += bytes;
    }
  });
  with(e, "status", [&](element v) {
    for (element s : v)
      c.status.push_back(static_cast<int>(std::int64_t(s)));
  });
  with(e, "close", [&](element v) { c.close = bool(v); });
  with(e, "max_responses", [&](element v) { c.max_responses = std::uint64_t(v); });
  with(e, "seen", [&](element v) {
    for (element m : v)
      c.seen.push_back(message(m));
  });
  with(e, "first", [&](element v) {
    for (element m : v)
      c.first.push_back(message(m));
  });
  with(e, "or_sanitised", [&](element v) { c.or_sanitised = fields(v); });
  return c;
}

std::string squeeze(std::string_view value) {
  std::string out;
  for (char c : value) {
    const bool space = c == ' ' || c == '\t';
    if (!space) out += c;
    if (space && (out.empty() || out.back() != ' ')) out += ' ';
  }
  return out;
}

std::string compare(const http_message& expected, const http_message& got) {
  const auto differs = [](const auto& want, const auto& have) { return want && want != have; };
  if (differs(expected.method, got.method)) return "another method was seen";
  if (differs(expected.target, got.target)) return "another target was seen";
  if (differs(expected.path, got.path)) return "another path was seen";
  if (differs(expected.body, got.body)) return "another body was seen";
  for (const auto& [name, value] : expected.headers) {
    if (!got.headers.contains(name) || got.headers.at(name) != value) return "field " + name;
  }
  for (const auto& [name, value] : expected.headers_ws) {
    if (!got.headers.contains(name) || squeeze(got.headers.at(name)) != value) {
      return "field " + name;
    }
  }
  for (const auto& name : expected.absent) {
    if (got.headers.contains(name)) return "field " + name + " was kept";
  }
  return {};
}

std::string compare(const std::vector<http_message>& expected, const http_outcome& outcome) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (i >= outcome.reached.size()) return "message " + std::to_string(i) + " did not arrive";
    if (auto wrong = compare(expected[i], outcome.reached[i]); !wrong.empty()) return wrong;
    if (i >= outcome.answers.size() || outcome.answers[i] >= 400) {
      return "message " + std::to_string(i) + " was not answered below 400";
    }
  }
  return {};
}

std::string check_accept(const http_case& c, const http_outcome& o) {
  if (auto wrong = compare(c.seen, o); !wrong.empty()) return wrong;
  if (!c.seen.empty() && o.reached.size() != c.seen.size()) return "more messages were seen";
  if (o.answers.size() != o.reached.size() || o.answers.empty()) return "not every one answered";
  if (o.answers.back() >= 400) return "refused with " + std::to_string(o.answers.back());
  if (c.close && *c.close != o.closed) return o.closed ? "was closed" : "was kept open";
  if (c.max_responses && o.answers.size() > *c.max_responses) return "too many answers";
  return {};
}

std::string check_reject(const http_case& c, const http_outcome& o) {
  if (auto wrong = compare(c.first, o); !wrong.empty()) return wrong;
  if (o.reached.size() > c.first.size()) {
    const auto& bad = o.reached[c.first.size()];
    const bool sanitised =
        !c.or_sanitised.empty() && compare({.headers = c.or_sanitised}, bad).empty();
    return sanitised ? std::string() : "the bad message reached the application";
  }
  if (!o.closed) return "the connection stays open";
  if (o.answers.size() == c.first.size()) return {};
  const bool known =
      std::find(c.status.begin(), c.status.end(), o.answers.back()) != c.status.end();
  return known ? std::string() : "refused with " + std::to_string(o.answers.back());
}

}  // namespace

http_message as_seen(const kit::http::request& r) {
  http_message m{.method = std::string(r.method.name()),
                 .target = r.target,
                 .path = r.target,  // the parser makes absolute-form into it
                 .body = std::string(r.body.bytes())};
  for (const auto& item : r.headers) {
    std::string name;
    for (char c : item.name)
      name += kit::http::to_lower(c);
    auto& value = m.headers[name];
    value += (value.empty() ? "" : ", ") + std::string(item.value);
  }
  return m;
}

std::vector<http_case> http_corpus() {
  std::ifstream in(COKIT_TESTDATA "/http1/cases.jsonl");
  std::vector<http_case> cases;
  simdjson::dom::parser parser;
  for (std::string line; std::getline(in, line);)
    cases.push_back(parse(parser.parse(line)));
  if (cases.empty()) throw std::runtime_error("no corpus in " COKIT_TESTDATA "/http1");
  return cases;
}

std::string judge(const http_case& c, const http_outcome& outcome) {
  if (c.expect == "accept") return check_accept(c, outcome);
  if (c.expect == "reject") return check_reject(c, outcome);
  if (c.expect == "either") {
    const auto accept = check_accept(c, outcome);
    const auto reject = check_reject(c, outcome);
    return accept.empty() || reject.empty() ? std::string() : accept + ", and " + reject;
  }
  if (c.expect != "wait") return "unknown expectation " + c.expect;
  if (outcome.answers.empty() && !outcome.closed) return {};
  const auto& s = c.status;
  const bool allowed =
      outcome.answers.size() == 1 && std::find(s.begin(), s.end(), outcome.answers[0]) != s.end();
  return allowed ? std::string() : "did not wait";
}

}  // namespace test
