#include <examples/program.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <csignal>
#include <exception>
#include <iomanip>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>

#include <kit/network.hpp>

namespace examples {
namespace {

constexpr std::size_t max_threads = 1024;

constexpr std::string_view option_help =
    "  --listen HOST:PORT   where it listens: an IPv4 address, or an IPv6 address in brackets;\n"
    "                       port 0 takes a free one. The default is 127.0.0.1:8080.\n"
    "  --threads N          event loops, each with a thread of its own. The default is 1; 0 means\n"
    "                       one for each processor.\n"
    "  --help               shows this.\n";

struct bad_option : std::invalid_argument {
  using invalid_argument::invalid_argument;
};

void read_listen(std::string_view text, options& into) {
  const auto address = kit::parse_address(text);
  if (!address) throw bad_option("--listen: " + std::string(address.error().message()));
  if (address->host.empty()) throw bad_option("--listen: the host is missing");
  into.http.address = address->host;
  into.http.port = address->port;
}

void read_threads(std::string_view text, options& into) {
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, into.threads);
  if (read.ec != std::errc() || read.ptr != end || into.threads > max_threads) {
    throw bad_option("--threads: '" + std::string(text) + "' is not a number from 0 to " +
                     std::to_string(max_threads));
  }
}

}  // namespace

std::optional<double> options::number(std::string_view name) const {
  const auto text = get(name);
  if (!text) return std::nullopt;
  double value = 0;
  const auto* end = text->data() + text->size();
  const auto read = std::from_chars(text->data(), end, value);
  if (read.ec != std::errc() || read.ptr != end || !(value >= 0 && std::isfinite(value))) {
    throw bad_option(std::string(name) + ": '" + *text + "' is not a number from 0");
  }
  return value;
}

namespace {

bool is_known(std::string_view name, const usage& how) {
  return name == "--listen" || name == "--threads" ||
         std::ranges::find(how.own, name, &own_option::name) != how.own.end();
}

void read_value(std::string_view name, std::string_view value, options& into) {
  if (name == "--listen") return read_listen(value, into);
  if (name == "--threads") return read_threads(value, into);
  into.own.insert_or_assign(std::string(name), std::string(value));
}

// Nothing when help was asked for.
std::optional<options> read(int count, char** arguments, const usage& how) {
  options result;
  for (int i = 1; i < count; ++i) {
    const std::string_view name = arguments[i];
    if (!how.words.empty() && !name.starts_with('-')) {
      result.words.emplace_back(name);
      continue;
    }
    if (name == "--help" || name == "-h") return std::nullopt;
    if (!is_known(name, how)) throw bad_option("unknown option '" + std::string(name) + "'");
    if (++i == count) throw bad_option(std::string(name) + ": the value is missing");
    read_value(name, arguments[i], result);
  }
  return result;
}

void show_help(std::string_view name, const usage& how) {
  std::cout << how.about << "\n\nusage: " << name << " [option]..."
            << (how.words.empty() ? "" : " ") << how.words << '\n'
            << option_help;
  for (const auto& o : how.own) {
    const auto form = std::string(o.name) + ' ' + std::string(o.value);
    std::cout << "  " << std::left << std::setw(23) << form << o.help << '\n';
  }
}

}  // namespace

int run(int count, char** arguments, const usage& how,
        const std::function<int(const options&)>& program) {
  std::string_view name = count > 0 ? arguments[0] : "example";
  name.remove_prefix(name.rfind('/') + 1);  // npos + 1 is 0
  try {
    const auto chosen = read(count, arguments, how);
    std::signal(SIGPIPE, SIG_IGN);  // that nobody reads the log any more is no reason to end
    if (chosen) return program(*chosen);
    show_help(name, how);
    return 0;
  } catch (const bad_option& e) {
    std::cerr << name << ": " << e.what() << "\nTry '" << name << " --help'.\n";
    return 2;
  } catch (const std::exception& e) {
    std::cerr << name << ": " << e.what() << '\n';
    return 1;
  }
}

void announce(std::string_view address) {
  std::cout << "listening on http://" << address << std::endl;  // at once, also into a pipe
}

}  // namespace examples
