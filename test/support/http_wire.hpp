#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace test {

/// An answer as it came over the wire.
struct http_answer {
  int status = 0;
  std::string status_line = {};
  std::map<std::string, std::string> headers = {};  // lower-case names; repeats joined with ", "
  std::string body = {};                            // without the chunked coding
  std::map<std::string, std::string> trailers = {};

  bool has(const std::string& name) const { return headers.contains(name); }
  std::string header(const std::string& name) const { return has(name) ? headers.at(name) : ""; }
};

/// Takes answers off what a server sent. Strict, as it judges the server: throws
/// `std::runtime_error` at what is malformed.
class http_wire {
 public:
  void feed(std::string_view bytes) { unread_ += bytes; }
  /// The server's end came: it ends an answer without length.
  void end() { at_end_ = true; }

  /// The next complete answer, interim ones too.
  std::optional<http_answer> next(bool to_head = false);

  /// What no answer was made of.
  const std::string& unread() const { return unread_; }

 private:
  std::optional<std::size_t> read_body(http_answer& a, std::size_t at, bool to_head) const;

  std::string unread_;
  bool at_end_ = false;
};

}  // namespace test
