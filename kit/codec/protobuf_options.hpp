#pragma once

#include <cstddef>

namespace kit::protobuf {

/// Limits and strictness of decoding. Plain data.
struct decode_options {
  /// Longest message, in bytes. A decoded message may take a few hundred times as much memory, as a
  /// field of two bytes can be an element of a vector of large structs.
  std::size_t max_bytes = 64 * 1024 * 1024;
  /// Deepest nesting of messages and groups in the outermost one; 0 to 1,000, what is above counts
  /// as 1,000. It bounds the use of the stack.
  int max_depth = 100;
  /// A field that the type doesn't have, or that comes as another wire type than the type has, is
  /// an error. Otherwise it's passed over.
  bool refuse_unknown = false;
};

/// How values are written. Plain data.
struct encode_options {
  /// Deepest nesting of messages in the outermost one; 0 to 1,000, what is above counts as 1,000.
  /// It bounds the use of the stack, and ends what points to itself. Protobuf's own decoders take
  /// no more than 100.
  int max_depth = 100;
};

}  // namespace kit::protobuf
