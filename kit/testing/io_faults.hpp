#pragma once

#include <cstddef>
#include <optional>
#include <system_error>

namespace kit::testing {

/// Fails one I/O step. Run a script once for each step it makes, and every error path is taken:
///
///     for (std::size_t n = 0;; ++n) {
///       io_faults faults;
///       faults.fail_step(n);
///       run_script(faults);
///       if (!faults.hit()) break;
///     }
///
/// Steps are the reads, writes, connects and accepts of the streams and networks it is handed to.
class io_faults {
 public:
  /// Step `n`, counted from 0, fails.
  void fail_step(std::size_t n,
                 std::error_code with = make_error_code(std::errc::connection_reset)) {
    target_ = n;
    error_ = with;
  }

  /// How many steps were made.
  std::size_t steps() const noexcept { return steps_; }
  /// Whether the step to fail has come.
  bool hit() const noexcept { return hit_; }

  /// Counts a step and says how it is to fail, if so.
  std::error_code step() noexcept {
    if (target_ != steps_++) return {};
    hit_ = true;
    return error_;
  }

 private:
  std::optional<std::size_t> target_;
  std::error_code error_;
  std::size_t steps_ = 0;
  bool hit_ = false;
};

}  // namespace kit::testing
