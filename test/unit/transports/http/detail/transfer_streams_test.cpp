#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>

#include <doctest/doctest.h>
#include <asio/awaitable.hpp>

#include <kit/testing/loop.hpp>
#include <transports/http/detail/transfer_streams.hpp>

namespace {

using kit::http::detail::download;

const std::string piece(download::piece_size, 'x');

asio::awaitable<void> read_all(download& d, char name, std::string& order) {
  while (co_await d.read(kit::time_point::max(), [] {}))
    order += name;
}

std::size_t longest_run(const std::string& order) {
  std::size_t longest = 0, run = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    run = i > 0 && order[i] == order[i - 1] ? run + 1 : 1;
    longest = std::max(longest, run);
  }
  return longest;
}

}  // namespace

TEST_CASE("download: holds up its source while nobody reads, and goes on when half is read") {
  kit::testing::loop loop;
  download d;
  for (std::size_t i = 0; i < download::max_pieces; ++i)
    CHECK(d.put(piece, false));
  CHECK_FALSE(d.held_up());
  CHECK_FALSE(d.put(piece, false));
  CHECK(d.held_up());
  CHECK(d.put(piece, true));  // what the source has kept itself

  int resumed = 0;
  for (std::size_t left = download::max_pieces; left > download::max_pieces / 2; --left) {
    CHECK(resumed == 0);
    auto read = loop.start(d.read(kit::time_point::max(), [&] { ++resumed; }));
    CHECK(read.value() == piece);
  }
  CHECK(resumed == 0);
  CHECK(loop.start(d.read(kit::time_point::max(), [&] { ++resumed; })).value() == piece);
  CHECK(resumed == 1);
  CHECK_FALSE(d.held_up());
}

TEST_CASE("download: joins what is short, and keeps pieces to their length") {
  kit::testing::loop loop;
  download d;
  const std::string half(download::piece_size / 2, 'h');
  for (int i = 0; i < 3; ++i)
    CHECK(d.put(half, false));
  CHECK(d.put("end", false));
  d.end(std::nullopt, {});
  const auto read = [&] { return loop.start(d.read(kit::time_point::max(), [] {})).value(); };
  CHECK(read() == half + half);
  CHECK(read() == half + "end");
  CHECK(read() == std::nullopt);
}

TEST_CASE("download: whose content is there already lets others go on in between") {
  kit::testing::loop loop;
  download one, other;
  std::string order;
  auto first = loop.start(read_all(one, '1', order));
  auto second = loop.start(read_all(other, '2', order));
  for (auto* d : {&one, &other}) {
    for (int i = 0; i < 50; ++i)
      d->put(piece, true);
    d->end(std::nullopt, {});
  }
  loop.run();
  CHECK(first.done());
  CHECK(second.done());
  CHECK(order.size() == 100);
  CHECK(longest_run(order) <= download::max_at_once);
}
