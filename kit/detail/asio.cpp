// Asio's own code, compiled once: part of the library when built with -Dasio_separate=true.
#include <asio/impl/src.hpp>
