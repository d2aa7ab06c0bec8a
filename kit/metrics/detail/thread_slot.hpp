#pragma once

#include <cstdint>

/// Small numbers for threads, so that each can have cells of its own in every metric. About where
/// to count, not about whose request it is: a coroutine that goes on on another thread counts
/// there.
namespace kit::metrics::detail {

/// Number 0 is no number; 1 and up belong to one thread at a time.
inline constexpr unsigned thread_slots = 64;

/// This thread's number; 0 until `take_thread_slot`, and when there were not enough.
extern constinit thread_local std::uint8_t thread_slot;

/// Gives this thread a number, until it ends, unless it has one or none is left. Who gets the
/// number of a thread that has ended sees all that it wrote.
void take_thread_slot() noexcept;

}  // namespace kit::metrics::detail
