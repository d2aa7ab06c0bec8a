#pragma once

#include <string>
#include <string_view>

/// Keys made by OpenSSL, as PEM texts.
namespace test {

/// A pair in all the forms that it has. Made when first asked for.
struct pems {
  std::string pkcs8, traditional, spki, pkcs1_public, certificate, encrypted;
};

/// `RSA-2048`, `RSA-1024`, `P-256`, `P-384`, `P-521`, `secp256k1`, `ED25519`, `ED448`, `X25519`.
const pems& pems_of(std::string_view kind);

/// Whether OpenSSL's queue of errors is empty.
bool no_openssl_errors();
void add_openssl_error();
void forget_openssl_errors();

}  // namespace test
