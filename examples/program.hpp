#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include <transports/http/server_options.hpp>

// What the example programs have in common: the command line, and how failures are shown.
namespace examples {

/// From `--listen HOST:PORT` and `--threads N`.
struct options {
  kit::http::server_options http = {.port = 8080};
  std::size_t threads = 1;
};

/// Reads the command line and calls `program`, whose result is that of `main`. `--help` shows the
/// options, and `about`, on standard output. Bad options, and what `program` throws, are shown on
/// standard error; the results are then 2 and 1.
int run(int count, char** arguments, std::string_view about,
        const std::function<int(const options&)>& program);

/// Prints `listening on http://127.0.0.1:8080`: the first line of each example.
void announce(std::string_view address);

}  // namespace examples
