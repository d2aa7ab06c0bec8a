// A server that runs out of what the system has for it.
#include <cerrno>
#include <cstddef>
#include <thread>
#include <utility>

#include <doctest/doctest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../../support/http_server/held.hpp"
#include "../../../support/http_server/tcp_world.hpp"

namespace {

using namespace std::chrono_literals;

// No further descriptor can be had while it lives.
class no_more_descriptors {
 public:
  no_more_descriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::dup(0);  // the lowest that is free
    ::close(next);
    auto lower = before_;
    lower.rlim_cur = static_cast<rlim_t>(next);
    ::setrlimit(RLIMIT_NOFILE, &lower);
  }
  ~no_more_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

// From now on the calling thread can't add to an epoll, as where `max_user_watches` is reached.
bool refuse_more_watches() {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_epoll_ctl, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[1])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, EPOLL_CTL_ADD, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSPC),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{.len = sizeof(program) / sizeof(*program), .filter = program};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

}  // namespace

TEST_CASE_TEMPLATE("http server: accepting survives that there are no descriptors", World,
                   test::loop_world, test::strand_world) {
  World w(test::tell_target);
  test::http_client first(w);
  CHECK(first.get("/1").answer().body == "/1");

  auto outside = w.dial();  // in the backlog, as the loop doesn't run
  {
    const no_more_descriptors none;
    w.advance(1s);
    CHECK(w.server->connections() == 1);
    CHECK(w.running->pending());
    CHECK(first.get("/2").answer().body == "/2");
  }
  test::http_client second(w, std::move(outside));
  second.get("/3");
  w.advance(20ms);
  CHECK(second.answer().body == "/3");
  CHECK(first.get("/4").answer().body == "/4");
}

TEST_CASE_TEMPLATE("http server: a connection that can't be watched is lost, and no other", World,
                   test::loop_world, test::strand_world) {
  const auto body = [] {
    World w(test::tell_target);
    test::http_client first(w);
    CHECK(first.get("/1").answer().body == "/1");

    auto outside = w.dial();
    REQUIRE(refuse_more_watches());
    test::http_client second(w, std::move(outside));
    CHECK(second.get("/2").answer().status == 0);
    CHECK(w.server->connections() == 1);
    w.advance(1s);
    CHECK(w.running->pending());
    CHECK(first.get("/3").answer().body == "/3");
  };
  std::thread(body).join();  // whose end ends the refusal
}
