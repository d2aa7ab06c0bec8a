// A program outside Cokit's tree that uses an installed cokit-tls. It answers 0 when all is well.
#include <string_view>

#include <kit/error.hpp>
#include <kit/tls/server_context.hpp>

int main() {
  try {
    const kit::tls::server_context context({.certificates = {{"missing.pem", "missing.key"}}});
  } catch (const kit::error& e) {
    return std::string_view(e.what()).starts_with("tls: missing.pem") ? 0 : 1;
  }
  return 1;
}
