#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include <kit/endpoint.hpp>
#include <kit/error.hpp>
#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <kit/timer.hpp>

namespace test {

/// A server as exporters see it: keeps the requests, and answers what it was told to, one after the
/// other, or else that all is well.
struct http_backend {
  struct answer {
    kit::http::status status = kit::http::status::no_content;
    std::string text = {};
    kit::http::headers fields = {};
    bool away = false;      // fails as a client does that cannot connect
    kit::duration after{};  // waits that long before
  };

  kit::endpoint<kit::http::request, kit::http::response> endpoint() {
    return [this](kit::http::request req) { return call(*this, std::move(req)); };
  }
  std::string body(std::size_t i) const { return std::string(requests.at(i).body.text()); }

  std::vector<kit::http::request> requests;
  std::deque<answer> answers;
  answer otherwise;
  int at_once = 0;
  int most_at_once = 0;

 private:
  static asio::awaitable<kit::http::response> call(http_backend& b, kit::http::request req) {
    b.requests.push_back(std::move(req));
    auto a = b.otherwise;
    if (!b.answers.empty()) {
      a = b.answers.front();
      b.answers.pop_front();
    }
    b.most_at_once = std::max(b.most_at_once, ++b.at_once);
    if (a.after > kit::duration::zero()) co_await kit::sleep_for(a.after);
    --b.at_once;
    if (a.away) throw kit::error(kit::errc::unavailable, "connection refused");
    auto r = kit::http::response::text(a.status, a.text);
    for (const auto& f : a.fields)
      r.headers.add(f.name, f.value);
    co_return r;
  }
};

}  // namespace test
