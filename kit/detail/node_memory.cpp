#include <kit/detail/node_memory.hpp>

#include <array>
#include <cstdint>
#include <new>

namespace kit::detail {
namespace {

constexpr std::size_t granule = 32, classes = 8, most_kept = 64;

struct block {
  block* next;
};

/// What a thread keeps, by size. Has no destructor, so that it can be used while the thread's
/// objects are destroyed.
struct cache {
  struct list {
    block* first = nullptr;
    std::size_t length = 0;
  };
  std::array<list, classes> lists{};
  bool watched = false;  // will be emptied at the thread's end
  bool closed = false;   // that has come
};
constinit thread_local cache kept{};

struct emptier {
  emptier() noexcept { kept.watched = true; }
  ~emptier() {
    kept.closed = true;
    for (auto& l : kept.lists) {
      while (block* b = l.first) {
        l.first = b->next;
        ::operator delete(b);
      }
    }
  }
};

void watch_thread() {
  thread_local const emptier at_end;
  (void)&at_end;
}

// Where the memory's every use is watched, none is used twice.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool keeping = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool keeping = false;
#else
constexpr bool keeping = true;
#endif
#else
constexpr bool keeping = true;
#endif

constexpr std::size_t class_of(std::size_t size) noexcept {
  return (size - 1) / granule;
}

}  // namespace

void* allocate_node(std::size_t size) {
  const auto c = class_of(size);
  if (!keeping || c >= classes) return ::operator new(size);
  auto& l = kept.lists[c];
  if (block* b = l.first) {
    l.first = b->next;
    --l.length;
    return b;
  }
  return ::operator new((c + 1) * granule);
}

void free_node(void* p, std::size_t size) noexcept {
  const auto c = class_of(size);
  if (!keeping || c >= classes || kept.closed || kept.lists[c].length >= most_kept) {
    ::operator delete(p);
    return;
  }
  if (!kept.watched) watch_thread();
  auto& l = kept.lists[c];
  l.first = new (p) block{l.first};
  ++l.length;
}

}  // namespace kit::detail
