#pragma once

#include <cstddef>

namespace kit::detail {

/// Memory for the nodes of contexts, of which requests make and drop a few each: kept for the next
/// ones, by thread. What is freed on another thread than it came from stays there. Larger blocks
/// than 256 bytes are the system's.
void* allocate_node(std::size_t size);
void free_node(void* block, std::size_t size) noexcept;

}  // namespace kit::detail
