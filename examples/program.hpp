#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <transports/http/server_options.hpp>

// What the example programs have in common: the command line, and how failures are shown.
namespace examples {

/// From `--listen HOST:PORT` and `--threads N`, the words without a dash, and a program's own.
struct options {
  kit::http::server_options http = {.port = 8080};
  std::size_t threads = 1;
  std::vector<std::string> words = {};
  std::map<std::string, std::string, std::less<>> own = {};

  /// The value of one of its own; nothing where it wasn't given.
  std::optional<std::string> get(std::string_view name) const {
    const auto found = own.find(name);
    return found != own.end() ? std::optional(found->second) : std::nullopt;
  }
  /// The same of one that is a number. Errors: throws what `run` shows for what is none, or
  /// negative.
  std::optional<double> number(std::string_view name) const;
};

/// An option of a program's own, with a value: `--statsd`, `HOST:PORT`.
struct own_option {
  std::string_view name;
  std::string_view value;
  std::string_view help;
};

/// What a program has beside `--listen` and `--threads`.
struct usage {
  std::string_view about;
  /// What its words are, e.g. `[URL]...`; empty: they are bad options.
  std::string_view words = {};
  std::vector<own_option> own = {};
};

/// Reads the command line and calls `program`, whose result is that of `main`. `--help` shows the
/// options on standard output. Bad options, and what `program` throws, are shown on standard error;
/// the results are then 2 and 1.
int run(int count, char** arguments, const usage& how,
        const std::function<int(const options&)>& program);

/// Prints `listening on http://127.0.0.1:8080`: the first line of each example.
void announce(std::string_view address);

}  // namespace examples
