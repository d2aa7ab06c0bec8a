#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <asio/any_io_executor.hpp>

#include <kit/network.hpp>
#include <kit/random.hpp>
#include <kit/testing/io_faults.hpp>
#include <kit/testing/memory_stream.hpp>

namespace kit::testing {

/// A network of named machines in one process:
///
///     memory_network net(loop.get_executor(), random_source(seed), {.min_delay = 1ms});
///     server serve(net.host("db"), "db:5432");
///     client ask(net.host("web"));              // connects to "db:5432"
///     net.partition("web", "db");
///     loop.advance(10s);
///     net.heal("web", "db");
///
/// Time is that of the loop's timer wheel, chance comes from the generator: a run repeats exactly.
/// A machine comes into being when it is first named. A machine reaches itself under its name and
/// as `localhost`, without delay.
///
/// Lifetime: streams and acceptors may outlive the network. Threads: one.
class memory_network {
 public:
  /// `link` holds for all pairs of machines that `set_link` doesn't name.
  /// Errors: throws `kit::error` of `invalid_argument` for options out of range.
  memory_network(asio::any_io_executor ex, random_source random, link_options link = {});
  memory_network(const memory_network&) = delete;
  memory_network& operator=(const memory_network&) = delete;
  ~memory_network();

  /// What that machine sees: hand it to what runs there. Valid as long as the memory_network.
  network& host(std::string_view name);

  /// How the two are connected, for connections made from now on.
  void set_link(std::string_view a, std::string_view b, link_options link);
  /// Nothing passes between the two, either way, until healed; nothing is lost. Attempts to connect
  /// hang as well.
  void partition(std::string_view a, std::string_view b);
  void heal(std::string_view a, std::string_view b);
  /// Breaks all connections between the two.
  void reset(std::string_view a, std::string_view b);

  /// The machine stops without a word: its peers' connections are half-open. What runs there
  /// notices nothing but that its streams and acceptors are closed; the test destroys it.
  void crash(std::string_view name);
  /// It is up again, with nothing running: connections are refused, and what still comes over a
  /// half-open one is answered with a reset.
  void restart(std::string_view name);

  /// Counts the I/O steps of all machines, and fails one when told to.
  io_faults& faults() noexcept;

  /// After how long an attempt to connect that nothing answers fails with `timed_out`.
  static constexpr std::chrono::seconds connect_timeout{127};

 private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace kit::testing
