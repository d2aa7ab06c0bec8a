#pragma once

#include <memory>
#include <string>

#include <kit/tls/server_context.hpp>

#include "authority.hpp"
#include "engine.hpp"

namespace test {

/// The files of a server for `localhost`, and of the authority that it has its certificate from.
/// Made once in each program.
struct tls_site {
  authority ca{"Test CA"};
  scratch_folder folder;
  std::string ca_file = folder.write("ca.pem", ca.certificate());
  pem_files server = ca.issue({.common_name = "localhost", .alternative_names = "DNS:localhost"},
                              folder, "server");

  static const tls_site& get() {
    static const tls_site made;
    return made;
  }

  kit::tls::server_options options() const {
    return {.certificates = {{server.chain, server.key}}};
  }
  std::shared_ptr<kit::tls::server_context> context() const {
    return std::make_shared<kit::tls::server_context>(options());
  }
  /// A client that trusts it.
  tls_client_options client() const { return {.ca_file = ca_file, .server_name = "localhost"}; }
};

}  // namespace test
