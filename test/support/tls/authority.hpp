#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace test {

/// A folder for a test's files, which goes with it.
class scratch_folder {
 public:
  scratch_folder();
  ~scratch_folder();
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;

  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
  /// Makes or replaces it. Returns its path.
  std::string write(std::string_view name, std::string_view content) const;

 private:
  std::string path_;
};

enum class key_kind { ecdsa, rsa };

/// What a certificate is to say.
struct certificate_request {
  std::string common_name;
  /// As in OpenSSL's configuration: `DNS:a.example,URI:spiffe://a/b,email:a@b.example`.
  std::string alternative_names = {};
  key_kind key = key_kind::ecdsa;
  /// Seconds from now.
  long valid_from = -3'600, valid_to = 3'600;
};

struct pem {
  std::string certificate, key;
};
struct pem_files {
  std::string chain, key;
};

/// That private key, encrypted (PKCS #8).
std::string encrypted(std::string_view key, std::string_view password);

/// Issues certificates for tests.
class authority {
 public:
  explicit authority(std::string_view name);
  ~authority();

  /// Its own certificate, as PEM.
  const std::string& certificate() const;
  pem issue(const certificate_request& what) const;
  /// The same into files of that name.
  pem_files issue(const certificate_request& what, const scratch_folder& into,
                  std::string_view name) const;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace test
