#pragma once

#include <csignal>
#include <functional>
#include <string>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace test {

/// A process of its own that a test sends signals to, and that tells what it does, a character at a
/// time. Make it before the test starts threads.
class process {
 public:
  /// What the process writes to, to be read by `told`.
  class teller {
   public:
    explicit teller(int pipe) : pipe_(pipe) {}
    void operator()(char what) const {
      if (::write(pipe_, &what, 1) != 1) ::_exit(99);
    }

   private:
    int pipe_;
  };

  /// `body` runs there, and returns the exit code.
  explicit process(const std::function<int(teller tell)>& body) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      ::close(ends[0]);
      for (int number : {SIGINT, SIGTERM})
        std::signal(number, SIG_DFL);
      ::_exit(body(teller(ends[1])));
    }
    ::close(ends[1]);
    pipe_ = ends[0];
  }
  process(const process&) = delete;
  ~process() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::close(pipe_);
  }

  void send(int signal) const { REQUIRE(::kill(pid_, signal) == 0); }

  /// The next that it tells, less when it ends before.
  std::string told(std::size_t count = 1) const {
    std::string all;
    char c;
    while (all.size() < count && ::read(pipe_, &c, 1) == 1)
      all += c;
    return all;
  }

  /// Waits for its end. Its exit code, or minus the signal that killed it.
  int wait() {
    int status = 0;
    REQUIRE(::waitpid(pid_, &status, 0) == pid_);
    pid_ = 0;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  pid_t pid_ = 0;
  int pipe_ = -1;
};

}  // namespace test
