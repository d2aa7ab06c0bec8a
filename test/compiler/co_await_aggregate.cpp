// Shows GCC 12.2's miscompilation of Cokit's central idiom, `co_await f(request{.s = "x"})`: an
// aggregate temporary with a non-trivial member inside a co_await expression is copied bit by bit
// into the coroutine's frame, and both copies are destroyed. With a std::string in it, that frees
// memory twice. Exit status: 0 when the compiler is right, 1 when it is wrong.

#include <coroutine>

namespace {

int constructed = 0;
int destroyed = 0;
bool moved_bitwise = false;

// Knows its address, as std::string does, so a copy that no constructor made shows.
struct member {
  member() : self(this) { ++constructed; }
  member(const member&) : self(this) { ++constructed; }
  member& operator=(const member&) = default;
  ~member() {
    ++destroyed;
    if (self != this) moved_bitwise = true;
  }
  const member* self;
};

struct request {
  member s;
  int n = 0;
};

struct task {
  struct promise_type {
    task get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
};

struct ready {
  bool await_ready() const noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  void await_resume() const noexcept {}
};

ready call(request r) {
  if (r.s.self != &r.s) moved_bitwise = true;
  return {};
}

task caller() {
  co_await call(request{.s = member(), .n = 1});
}

}  // namespace

int main() {
  caller();
  return !moved_bitwise && constructed == destroyed ? 0 : 1;
}
