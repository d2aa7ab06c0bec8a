#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <transports/http/server_options.hpp>

// What the example programs have in common: the command line, and how failures are shown.
namespace examples {

/// From `--listen HOST:PORT` and `--threads N`, and the words without a dash.
struct options {
  kit::http::server_options http = {.port = 8080};
  std::size_t threads = 1;
  std::vector<std::string> words = {};
};

/// Reads the command line and calls `program`, whose result is that of `main`. `--help` shows the
/// options, and `about`, on standard output. Bad options, and what `program` throws, are shown on
/// standard error; the results are then 2 and 1. Words are bad options unless `words` tells what
/// they are, e.g. `[URL]...`.
int run(int count, char** arguments, std::string_view about,
        const std::function<int(const options&)>& program, std::string_view words = {});

/// Prints `listening on http://127.0.0.1:8080`: the first line of each example.
void announce(std::string_view address);

}  // namespace examples
