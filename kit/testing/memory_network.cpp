#include <kit/testing/memory_network.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include <asio/error.hpp>

#include <kit/error.hpp>
#include <kit/monitor.hpp>
#include <kit/testing/memory_connection.hpp>

namespace kit::testing {
namespace {

using name_pair = std::pair<std::string, std::string>;

name_pair ordered(std::string_view a, std::string_view b) {
  return a < b ? name_pair(a, b) : name_pair(b, a);
}

connect_result failed(std::error_code ec) {
  return {ec, nullptr};
}

// What a listener and its acceptor share.
struct listening {
  explicit listening(std::string where) : address(std::move(where)) {}

  void close() {
    const auto lock = changed.lock();
    closed = true;
    arrived.clear();
    changed.notify_all();
  }

  std::string address;
  std::deque<std::unique_ptr<stream>> arrived;
  bool closed = false;
  monitor changed;
};

class memory_acceptor final : public acceptor {
 public:
  memory_acceptor(std::shared_ptr<listening> l, std::shared_ptr<simulation> sim)
      : listening_(std::move(l)), sim_(std::move(sim)) {}
  ~memory_acceptor() override { listening_->close(); }

  asio::awaitable<connect_result> accept() override { return accept(listening_, sim_); }
  void close() noexcept override { listening_->close(); }
  std::string local_address() const override { return listening_->address; }

 private:
  static asio::awaitable<connect_result> accept(std::shared_ptr<listening> l,
                                                std::shared_ptr<simulation> sim) {
    if (const auto fault = sim->step()) co_return failed(fault);
    if (l->closed) co_return failed(asio::error::bad_descriptor);
    while (l->arrived.empty()) {
      const auto w = co_await l->changed.wait(l->changed.lock());
      if (w == wake::cancelled || l->closed) {
        co_return failed(asio::error::operation_aborted);
      }
    }
    connect_result next{{}, std::move(l->arrived.front())};
    l->arrived.pop_front();
    co_return next;
  }

  std::shared_ptr<listening> listening_;
  std::shared_ptr<simulation> sim_;
};

}  // namespace

struct memory_network::state : std::enable_shared_from_this<state> {
  struct machine final : network {
    machine(state& s, std::string n) : net(s), name(std::move(n)) {}

    asio::awaitable<connect_result> connect(std::string address) override {
      return state::connect(net.shared_from_this(), name, std::move(address));
    }
    std::unique_ptr<acceptor> listen(std::string_view address) override;

    state& net;
    std::string name;
    bool up = true;
    std::map<std::uint16_t, std::weak_ptr<listening>> listeners;
  };

  struct connection {
    name_pair between;
    std::weak_ptr<memory_connection> ends;  // side 0 connected, side 1 accepted
    std::string connected, accepted;
  };

  state(asio::any_io_executor ex, random_source random, link_options link)
      : executor(std::move(ex)),
        sim(std::make_shared<simulation>(timer_wheel::of(executor), random)),
        default_link(link) {}

  machine& find(std::string_view name) {
    auto& m = machines[std::string(name)];
    if (!m) m = std::make_unique<machine>(*this, std::string(name));
    return *m;
  }

  link_options link_between(const std::string& a, const std::string& b) const {
    if (a == b) return {};
    const auto it = links.find(ordered(a, b));
    return it == links.end() ? default_link : it->second;
  }

  bool reachable(const machine& from, const machine& to) const {
    return from.up && to.up && !partitions.contains(ordered(from.name, to.name));
  }

  // Calls f(connection's ends, connection) for those that live and that `which` picks.
  template <class Which, class F>
  void for_each_connection(Which which, F f) {
    forget_ended();
    for (const auto& c : connections) {
      if (const auto ends = c.ends.lock(); ends && which(c)) f(*ends, c);
    }
  }

  void forget_ended() {
    std::erase_if(connections, [](const connection& c) { return c.ends.expired(); });
  }

  // From the range for ports that nobody chose.
  std::uint16_t fresh_port() noexcept {
    next_port = std::max(next_port, first_port);
    return next_port++;  // to 0 in the end, and round again
  }

  void changed() {
    const auto lock = topology.lock();
    topology.notify_all();
  }

  static asio::awaitable<connect_result> connect(std::shared_ptr<state> self, std::string from,
                                                 std::string address);
  connect_result establish(machine& from, machine& to, std::uint16_t port);

  asio::any_io_executor executor;
  std::shared_ptr<simulation> sim;
  link_options default_link;
  std::map<name_pair, link_options> links;
  std::set<name_pair> partitions;
  std::map<std::string, std::unique_ptr<machine>> machines;
  std::vector<connection> connections;
  monitor topology;
  std::size_t forget_at = 64;  // connections: then those that ended are struck off
  static constexpr std::uint16_t first_port = 49'152;
  std::uint16_t next_port = first_port;
};

std::unique_ptr<acceptor> memory_network::state::machine::listen(std::string_view address) {
  const auto where = parse_address(address);
  if (!where)
    throw std::system_error(make_error_code(errc::invalid_argument), where.error().what());
  if (!up) throw std::system_error(asio::error::network_down, "listen");
  std::erase_if(listeners,
                [](const auto& l) { return l.second.expired() || l.second.lock()->closed; });
  auto port = where->port;
  while (port == 0 || (where->port == 0 && listeners.contains(port)))
    port = net.fresh_port();
  if (listeners.contains(port)) throw std::system_error(asio::error::address_in_use, "listen");
  auto l = std::make_shared<listening>(name + ":" + std::to_string(port));
  listeners[port] = l;
  return std::make_unique<memory_acceptor>(std::move(l), net.sim);
}

asio::awaitable<connect_result> memory_network::state::connect(std::shared_ptr<state> self,
                                                               std::string from,
                                                               std::string address) {
  if (const auto fault = self->sim->step()) co_return failed(fault);
  const auto where = parse_address(address);
  if (!where || where->host.empty()) co_return failed(make_error_code(errc::invalid_argument));
  const auto& host = where->host == "localhost" ? from : where->host;
  if (!self->machines.contains(host)) co_return failed(asio::error::host_not_found);
  auto& source = self->find(from);
  auto& target = self->find(host);
  const auto limit = self->sim->wheel.now() + connect_timeout;
  const auto link = self->link_between(from, host);
  for (;;) {
    if (!source.up) co_return failed(asio::error::network_down);
    auto w = wake::notified;
    if (self->reachable(source, target)) {
      const auto round_trip = self->sim->delay(link) + self->sim->delay(link);
      if (round_trip > duration::zero()) {
        w = co_await wait_until(self->sim->wheel.now() + round_trip);
      }
      if (w == wake::cancelled) co_return failed(asio::error::operation_aborted);
      if (self->reachable(source, target)) break;
    }
    w = co_await self->topology.wait(self->topology.lock(), limit);
    if (w == wake::cancelled) co_return failed(asio::error::operation_aborted);
    if (w == wake::timed_out) co_return failed(asio::error::timed_out);
  }
  co_return self->establish(source, target, where->port);
}

connect_result memory_network::state::establish(machine& from, machine& to, std::uint16_t port) {
  const auto it = to.listeners.find(port);
  const auto l = it == to.listeners.end() ? nullptr : it->second.lock();
  if (!l || l->closed) return failed(asio::error::connection_refused);
  const auto local = from.name + ":" + std::to_string(fresh_port());
  auto ends = std::make_shared<memory_connection>(sim, link_between(from.name, to.name),
                                                  std::array{local, l->address});
  if (connections.size() >= forget_at) {
    forget_ended();
    forget_at = std::max(forget_at, 2 * connections.size());
  }
  connections.push_back({ordered(from.name, to.name), ends, from.name, to.name});
  const auto lock = l->changed.lock();
  l->arrived.push_back(std::make_unique<memory_stream>(executor, ends, 1));
  l->changed.notify_one();
  return {{}, std::make_unique<memory_stream>(executor, ends, 0)};
}

memory_network::memory_network(asio::any_io_executor ex, random_source random, link_options link) {
  require_valid(link);
  state_ = std::make_shared<state>(std::move(ex), random, link);
}

memory_network::~memory_network() = default;

network& memory_network::host(std::string_view name) {
  return state_->find(name);
}

io_faults& memory_network::faults() noexcept {
  return state_->sim->faults();
}

void memory_network::set_link(std::string_view a, std::string_view b, link_options link) {
  require_valid(link);
  state_->links[ordered(a, b)] = link;
}

void memory_network::partition(std::string_view a, std::string_view b) {
  const auto pair = ordered(a, b);
  state_->partitions.insert(pair);
  state_->for_each_connection([&](const auto& c) { return c.between == pair; },
                              [](memory_connection& ends, const auto&) { ends.hold(true); });
}

void memory_network::heal(std::string_view a, std::string_view b) {
  const auto pair = ordered(a, b);
  state_->partitions.erase(pair);
  state_->for_each_connection([&](const auto& c) { return c.between == pair; },
                              [](memory_connection& ends, const auto&) { ends.hold(false); });
  state_->changed();
}

void memory_network::reset(std::string_view a, std::string_view b) {
  const auto pair = ordered(a, b);
  state_->for_each_connection([&](const auto& c) { return c.between == pair; },
                              [](memory_connection& ends, const auto&) { ends.reset(); });
}

void memory_network::crash(std::string_view name) {
  auto& m = state_->find(name);
  m.up = false;
  for (const auto& [port, l] : m.listeners) {
    if (const auto live = l.lock()) live->close();
  }
  m.listeners.clear();
  state_->for_each_connection([](const auto&) { return true; },
                              [&](memory_connection& ends, const auto& c) {
                                if (c.connected == name) ends.vanish(0);
                                if (c.accepted == name) ends.vanish(1);
                              });
  state_->changed();
}

void memory_network::restart(std::string_view name) {
  auto& m = state_->find(name);
  if (m.up) return;
  m.up = true;
  state_->for_each_connection([](const auto&) { return true; },
                              [&](memory_connection& ends, const auto& c) {
                                if (c.connected == name) ends.forgotten(0);
                                if (c.accepted == name) ends.forgotten(1);
                              });
  state_->changed();
}

}  // namespace kit::testing
