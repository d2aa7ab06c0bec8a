#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <kit/tls/detail/ticket_keys.hpp>
#include <kit/tls/server_options.hpp>

struct ssl_ctx_st;

namespace kit::tls::detail {

struct context_free {
  void operator()(ssl_ctx_st* c) const noexcept;
};
using context_ptr = std::unique_ptr<ssl_ctx_st, context_free>;

/// What was made of the options and files: a context for each set of server names. Never changes.
class context_set {
 public:
  /// Reads the files. Errors: throws `errc::invalid_argument` that names the file or the member.
  context_set(const server_options& options, std::shared_ptr<ticket_keys> keys);

  /// What each connection starts with; it chooses another one by itself when the client has named
  /// the server.
  ssl_ctx_st* first() const noexcept { return contexts_.front().get(); }
  /// Of the server of that name, by itself or by a wildcard; null when there is none.
  ssl_ctx_st* find(std::string_view name) const;
  /// In the form of the extension (RFC 7301 3.1): each behind its length.
  const std::string& protocols() const noexcept { return protocols_; }

 private:
  void load(const certificate& c);
  ssl_ctx_st* context_of(const std::vector<std::string>& names);
  context_ptr make_context() const;
  void set_parameters(ssl_ctx_st* context) const;
  void set_sessions(ssl_ctx_st* context) const;
  void set_clients(ssl_ctx_st* context) const;

  const server_options& options_;  // while it is constructed
  const std::shared_ptr<ticket_keys> keys_;
  std::string protocols_;
  std::string authorities_;  // what is in the file
  std::vector<context_ptr> contexts_;
  std::map<std::vector<std::string>, ssl_ctx_st*> by_names_;
  std::map<std::string, ssl_ctx_st*, std::less<>> by_name_;  // lower-case
};

}  // namespace kit::tls::detail
