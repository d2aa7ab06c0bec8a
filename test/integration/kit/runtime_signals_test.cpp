#include <csignal>
#include <string>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <asio/cancellation_state.hpp>
#include <asio/this_coro.hpp>

#include <kit/monitor.hpp>
#include <kit/runtime.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>

// Real signals, sent to a process of its own.

namespace {

// What the process tells through its pipe.
constexpr char started = 's', draining = 'd', cut = 'c', left = 'l';

void tell(int pipe, char what) {
  if (::write(pipe, &what, 1) != 1) ::_exit(99);
}

// A server: drains when cancelled, until its context is.
asio::awaitable<void> serve(int pipe, bool drain_at_once, bool deaf) {
  const auto ctx = co_await kit::this_context();
  co_await asio::this_coro::throw_if_cancelled(false);
  tell(pipe, started);
  co_await kit::wait_until(kit::time_point::max());
  co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
  tell(pipe, draining);
  if (drain_at_once) co_return;
  while (!ctx.cancelled())
    co_await kit::wait_until(kit::time_point::max());
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  tell(pipe, cut);
  if (deaf) co_await kit::wait_until(kit::time_point::max());
}

struct settings {
  kit::runtime_options runtime;
  bool drain_at_once = false;
  bool deaf = false;
};

// A process that runs servers in a runtime.
class process {
 public:
  explicit process(const settings& s) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      ::close(ends[0]);
      for (int number : {SIGINT, SIGTERM})
        std::signal(number, SIG_DFL);
      ::_exit(run(s, ends[1]));
    }
    ::close(ends[1]);
    pipe_ = ends[0];
  }
  ~process() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::close(pipe_);
  }
  process(const process&) = delete;

  void send(int number) const { REQUIRE(::kill(pid_, number) == 0); }
  // The next that it tells; empty when it has ended.
  std::string told(std::size_t count = 1) const {
    std::string all;
    char c;
    while (all.size() < count && ::read(pipe_, &c, 1) == 1)
      all += c;
    return all;
  }
  // Its exit code, or minus the signal that killed it.
  int wait() const {
    int status = 0;
    REQUIRE(::waitpid(pid_, &status, 0) == pid_);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  static int run(const settings& s, int pipe) {
    int code = 0;
    {
      kit::runtime rt(s.runtime);
      rt.on_each([&s, pipe] { return serve(pipe, s.drain_at_once, s.deaf); });
      code = rt.run();
    }
    tell(pipe, left);
    if (code == 0 && !s.runtime.handle_signals) ::pause();
    return code;
  }

  pid_t pid_ = 0;
  int pipe_ = -1;
};

}  // namespace

TEST_CASE("runtime: the first signal drains, and the exit code is 0") {
  for (int number : {SIGINT, SIGTERM}) {
    const process p({.runtime = {.threads = 2, .handle_signals = true}, .drain_at_once = true});
    CHECK(p.told(2) == std::string(2, started));
    p.send(number);
    CHECK(p.told(2) == std::string(2, draining));
    CHECK(p.told(2) == std::string(1, left));
    CHECK(p.wait() == 0);
  }
}

TEST_CASE("runtime: the second signal cuts the drain short, which the exit code tells") {
  for (std::size_t threads : {1U, 2U}) {
    const process p({.runtime = {.threads = threads, .handle_signals = true}});
    CHECK(p.told(threads) == std::string(threads, started));
    p.send(SIGTERM);
    CHECK(p.told(threads) == std::string(threads, draining));
    p.send(SIGINT);
    CHECK(p.told(threads) == std::string(threads, cut));
    CHECK(p.told(2) == std::string(1, left));
    CHECK(p.wait() == 128 + SIGINT);
  }
}

TEST_CASE("runtime: the third signal kills who doesn't listen") {
  const process p({.runtime = {.handle_signals = true}, .deaf = true});
  CHECK(p.told() == std::string(1, started));
  p.send(SIGTERM);
  CHECK(p.told() == std::string(1, draining));
  p.send(SIGTERM);
  CHECK(p.told() == std::string(1, cut));
  p.send(SIGTERM);
  CHECK(p.told().empty());
  CHECK(p.wait() == -SIGTERM);
}

TEST_CASE("runtime: leaves signals alone unless told to handle them") {
  const process p({});
  CHECK(p.told() == std::string(1, started));
  p.send(SIGTERM);
  CHECK(p.told().empty());
  CHECK(p.wait() == -SIGTERM);
}
