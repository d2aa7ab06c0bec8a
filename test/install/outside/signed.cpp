// A program outside Cokit's tree that uses an installed cokit-aws. It answers 0 when all is well.
#include <chrono>

#include <kit/http/request.hpp>
#include <kit/http/sigv4.hpp>

int main() {
  kit::http::request req{.target = "https://example.com/"};
  kit::http::sign_v4(req, {.access_key_id = "id", .secret_access_key = "key"},
                     {.region = "eu-central-1", .service = "monitoring"},
                     std::chrono::system_clock::now());
  return req.headers.contains("Authorization") ? 0 : 1;
}
