#pragma once

#include <functional>
#include <utility>

namespace kit::metrics {

class registry;

/// Something that the registry knows of while this lives: a function that is called when metrics
/// are collected, a reader of samples. Destroying it takes that away, and waits until the function
/// isn't running; so declare it after what the function uses, and hold no lock then that the
/// function takes. May outlive the registry. Threads: one at a time; the function may itself
/// destroy it.
class [[nodiscard]] registration {
 public:
  registration() noexcept = default;
  registration(registration&& other) noexcept : undo_(std::exchange(other.undo_, nullptr)) {}
  registration& operator=(registration other) noexcept {
    std::swap(undo_, other.undo_);
    return *this;
  }
  ~registration() {
    if (undo_) undo_();
  }

 private:
  friend class registry;
  explicit registration(std::function<void()> undo) : undo_(std::move(undo)) {}

  std::function<void()> undo_;
};

}  // namespace kit::metrics
