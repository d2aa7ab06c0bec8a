#pragma once

#include <memory>

#include <kit/stream.hpp>
#include <transports/http/detail/connection.hpp>

namespace kit::http::detail {

/// A connection over a `kit::stream`, e.g. the memory of a simulation.
std::shared_ptr<connection> make_stream_connection(std::shared_ptr<hub> h,
                                                   std::unique_ptr<stream> s);

}  // namespace kit::http::detail
