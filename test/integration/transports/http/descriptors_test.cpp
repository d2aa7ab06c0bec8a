// A server that runs out of file descriptors.
#include <vector>

#include <doctest/doctest.h>
#include <sys/resource.h>
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
