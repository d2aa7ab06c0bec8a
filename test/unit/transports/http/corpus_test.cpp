// Plays the corpus of test/data/http1 against the parser, with a session that does what a server
// does: it hands each complete request to the application and closes when it must.
#include <string>

#include <doctest/doctest.h>

#include <transports/http/request_parser.hpp>

#include "../../../support/http_corpus.hpp"

namespace {

namespace http = kit::http;

class session {
 public:
  // As if these bytes had been read from the socket.
  void feed(std::string_view bytes) {
    if (outcome.closed) return;
    unread_ += bytes;
    for (;;) {
      const auto r = parser_.parse(unread_);
      REQUIRE(r.consumed <= unread_.size());
      unread_.erase(0, r.consumed);
      if (r.state == http::parse_state::failed) {
        outcome.answers.push_back(to_int(parser_.error().status));
        outcome.closed = true;
        return;
      }
      if (r.state != http::parse_state::complete) break;
      CHECK(parser_.message().body.bytes().size() <= 1024 * 1024);
      outcome.reached.push_back(test::as_seen(parser_.message()));
      outcome.answers.push_back(200);
      if (!parser_.keep_alive()) {
        outcome.closed = true;
        return;
      }
    }
    // Whatever comes, no more than one line stays behind.
    REQUIRE(unread_.size() <= 16 * 1024 + piece_slack);
  }

  static constexpr std::size_t piece_slack = 64 * 1024;
  test::http_outcome outcome;

 private:
  http::request_parser parser_;
  std::string unread_;
};

test::http_outcome play(const test::http_case& c, std::size_t piece) {
  session s;
  const std::string_view wire = c.wire;
  for (std::size_t at = 0; at < wire.size() && !s.outcome.closed; at += piece) {
    s.feed(wire.substr(at, piece));
  }
  return s.outcome;
}

}  // namespace

TEST_CASE("corpus: every case is right, whole and in pieces of any size") {
  const auto cases = test::http_corpus();
  CHECK(cases.size() > 170);
  for (const auto& c : cases) {
    CAPTURE(c.id);
    CAPTURE(c.level);
    CAPTURE(c.reason);
    // Large cases come as a socket would give them.
    const std::size_t whole = c.large ? 64 * 1024 : std::max<std::size_t>(c.wire.size(), 1);
    const auto outcome = play(c, whole);
    CHECK(judge(c, outcome) == "");
    for (std::size_t piece : {1u, 2u, 3u, 7u, 16u}) {
      CAPTURE(piece);
      const auto split = play(c, piece);
      CHECK(judge(c, split) == "");
      CHECK(split.answers == outcome.answers);
      CHECK(split.closed == outcome.closed);
    }
  }
}

TEST_CASE("corpus: the judgement can fail") {
  const auto cases = test::http_corpus();
  const test::http_outcome nothing;
  const test::http_outcome wrong{
      .answers = {200}, .reached = {{.method = "FROB"}}, .closed = false};
  for (const auto& c : cases) {
    CAPTURE(c.id);
    if (c.expect == "accept" || c.expect == "reject") {
      CHECK(judge(c, nothing) != "");
      CHECK(judge(c, wrong) != "");
    }
  }
}
