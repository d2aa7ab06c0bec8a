#pragma once

#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/error.hpp>

#include <kit/endpoint.hpp>
#include <kit/monitor.hpp>
#include <kit/this_context.hpp>

namespace kit::testing {

template <class Req, class Resp>
class mock_handle;

/// A call that a mock endpoint has received. It hangs until it is answered or the caller gives up.
/// Copies refer to the same call. Threads: safe. The caller goes on in a later round of its loop.
template <class Req, class Resp>
class mock_call {
 public:
  const Req& request() const noexcept { return state_->request; }
  /// The context that the call was made in.
  const kit::context& context() const noexcept { return state_->context; }

  /// Neither answered nor given up.
  bool pending() const {
    const auto lock = state_->changed.lock();
    return state_->pending();
  }
  /// Whether the caller gave up before there was an answer: it was cancelled, or destroyed.
  bool cancelled() const {
    const auto lock = state_->changed.lock();
    return state_->cancelled;
  }

  /// Lets the call return. When the caller has given up, nobody sees it.
  /// Errors: `std::logic_error` when there was an answer before; so in all of them.
  void answer(Resp response) const {
    settle([&](state& s) { s.response.emplace(std::move(response)); });
  }
  /// Lets it fail, by throwing.
  void fail(error e) const { fail(std::make_exception_ptr(std::move(e))); }
  void fail(std::exception_ptr e) const {
    settle([&](state& s) { s.failure = std::move(e); });
  }

 private:
  friend class mock_handle<Req, Resp>;

  struct state {
    state(Req r, kit::context c) : request(std::move(r)), context(std::move(c)) {}

    bool settled() const noexcept { return response || failure; }
    bool pending() const noexcept { return !settled() && !cancelled; }

    const Req request;
    const kit::context context;
    monitor changed;
    std::optional<Resp> response;
    std::exception_ptr failure;
    bool cancelled = false;
  };

  explicit mock_call(std::shared_ptr<state> s) : state_(std::move(s)) {}

  template <class F>
  void settle(F f) const {
    const auto lock = state_->changed.lock();
    if (state_->settled()) throw std::logic_error("the call has been answered");
    f(*state_);
    state_->changed.notify_all();
  }

  std::shared_ptr<state> state_;
};

/// What a test holds of a mock endpoint: receives its calls. See `mock_endpoint`.
/// When destroyed, calls that it has not taken fail, and so do later ones, with
/// `errc::unavailable`. Threads: safe.
template <class Req, class Resp>
class mock_handle {
 public:
  using call_type = mock_call<Req, Resp>;

  mock_handle() : shared_(std::make_shared<shared>()) {}
  mock_handle(mock_handle&&) noexcept = default;
  mock_handle& operator=(mock_handle&&) = delete;
  ~mock_handle() {
    if (shared_) shared_->close();
  }

  /// How many calls were made so far.
  std::size_t calls() const {
    const auto lock = shared_->arrived.lock();
    return shared_->calls;
  }
  /// How many of them wait to be taken by `next` or `receive`.
  std::size_t waiting() const {
    const auto lock = shared_->arrived.lock();
    return shared_->queue.size();
  }

  /// The first call that was not taken. Errors: `std::logic_error` when there is none.
  call_type next() {
    const auto lock = shared_->arrived.lock();
    if (shared_->queue.empty()) throw std::logic_error("the mock endpoint has not been called");
    return shared_->pop();
  }
  /// The same, waiting for it. Cancellation: any type, throws `errc::canceled`.
  /// Lifetime: the handle must outlive the awaitable.
  asio::awaitable<call_type> receive() { return receive(shared_); }

 private:
  template <class Q, class P>
  friend auto mock_endpoint();

  using call_state = typename call_type::state;

  struct shared {
    call_type pop() {
      call_type first(std::move(queue.front()));
      queue.pop_front();
      return first;
    }
    void close() {
      const auto lock = arrived.lock();
      closed = true;
      for (auto& c : queue)
        call_type(std::move(c)).fail(gone());
      queue.clear();
    }
    monitor arrived;
    std::deque<std::shared_ptr<call_state>> queue;
    std::size_t calls = 0;
    bool closed = false;
  };

  // In the frame of a call: tells when that is destroyed.
  struct in_call {
    explicit in_call(std::shared_ptr<call_state> s) noexcept : state(std::move(s)) {}
    in_call(const in_call&) = delete;
    ~in_call() {
      const auto lock = state->changed.lock();
      state->cancelled = !state->settled();
    }
    const std::shared_ptr<call_state> state;
  };

  static error gone() { return error(errc::unavailable, "the mock endpoint's handle has gone"); }

  static void arrive(shared& s, std::shared_ptr<call_state> call) {
    const auto lock = s.arrived.lock();
    ++s.calls;
    if (s.closed) throw gone();
    s.queue.push_back(std::move(call));
    s.arrived.notify_one();
  }

  static asio::awaitable<Resp> run(std::shared_ptr<shared> s, Req req) {
    const in_call call(std::make_shared<call_state>(std::move(req), co_await this_context()));
    auto& state = *call.state;
    arrive(*s, call.state);
    for (auto lock = state.changed.lock(); !state.settled(); lock = state.changed.lock()) {
      if (co_await state.changed.wait(std::move(lock)) == wake::cancelled) {
        throw std::system_error(asio::error::operation_aborted, "mock endpoint");
      }
    }
    if (state.failure) std::rethrow_exception(state.failure);
    co_return *std::move(state.response);
  }

  static asio::awaitable<call_type> receive(std::shared_ptr<shared> s) {
    auto lock = s->arrived.lock();
    while (s->queue.empty()) {
      if (co_await s->arrived.wait(std::move(lock)) == wake::cancelled) throw error(errc::canceled);
      lock = s->arrived.lock();
    }
    co_return s->pop();
  }

  std::shared_ptr<shared> shared_;
};

/// An endpoint for tests, and the handle that receives its calls: what stands beneath the layer
/// under test answers when the test says so.
///
///     auto [inner, handle] = mock_endpoint<ping, pong>();
///     const auto ep = kit::chain(layer)(inner);
///     auto call = loop.start(ep(ping{}));
///     auto received = handle.next();
///     CHECK(received.request() == ping{});
///     received.answer(pong{});          // or fail(errc::unavailable), or leave it hanging
///     loop.run();
///     CHECK(call.value() == pong{});
///
/// Source: tower-test's mock::pair.
template <class Req, class Resp>
auto mock_endpoint() {
  struct pair {
    kit::endpoint<Req, Resp> endpoint;
    mock_handle<Req, Resp> handle;
  };
  mock_handle<Req, Resp> handle;
  kit::endpoint<Req, Resp> endpoint = [s = handle.shared_](Req req) {
    return mock_handle<Req, Resp>::run(s, std::move(req));
  };
  return pair{std::move(endpoint), std::move(handle)};
}

}  // namespace kit::testing
