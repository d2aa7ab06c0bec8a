#pragma once

#include <string>
#include <vector>

#include <kit/secure.hpp>

struct x509_st;

namespace kit::tls::detail {

/// What stands in a certificate.
peer_certificate read_certificate(x509_st* certificate);
/// The DNS names in it, else its common name (RFC 9525 knows no common name; old tools do).
std::vector<std::string> server_names_of(x509_st* certificate);

}  // namespace kit::tls::detail
