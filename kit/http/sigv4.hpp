#pragma once

#include <chrono>
#include <string>

#include <kit/http/request.hpp>

namespace kit::http {

/// Whose requests they are, for Amazon Web Services.
struct aws_credentials {
  std::string access_key_id;
  std::string secret_access_key;
  /// Of credentials that are given for a time. Empty: none.
  std::string session_token = {};
};

/// What a signature is good for.
struct sigv4_scope {
  std::string region;   ///< `eu-central-1`
  std::string service;  ///< `monitoring`
  /// Whether the service takes `.`, `..` and empty segments out of the path before it looks at the
  /// signature, and whether it encodes the path once more. All do but S3.
  bool normalize_path = true;
  bool encode_path = true;
  /// Adds the content's digest as a field, `X-Amz-Content-Sha256`, which S3 wants. The signature
  /// covers the content either way.
  bool digest_field = false;
};

/// Signs a request by AWS Signature Version 4, in its header: sets `Host` where it has none,
/// `X-Amz-Date`, `X-Amz-Security-Token` and `Authorization`, and so may sign anew what was signed
/// before. All fields are covered but those that change on the way: `Connection`, `Expect`, `TE`,
/// `Transfer-Encoding`, `Upgrade`, `User-Agent` and `X-Amzn-Trace-Id`. The target may be an
/// absolute URL or begin with `/`.
///
/// A function of the request rather than the HTTP client's business: so any endpoint can carry what
/// is signed, and the signature is the same whatever it is. libcurl can sign, too, but how depends
/// on its version: 7.88 has 21 of the 38 vectors right, as it neither sorts nor encodes the query,
/// names repeated fields twice, and signs fields that it was told not to send.
///
/// Errors: throws `errc::invalid_argument` for a streamed body, whose digest isn't known, a target
///         without a host where there is no `Host`, and a query that is encoded wrongly.
/// Library: `cokit-aws`, as OpenSSL does the cryptography.
/// Source: AWS, "Create a signed AWS API request".
void sign_v4(request& req, const aws_credentials& as, const sigv4_scope& scope,
             std::chrono::system_clock::time_point now);

}  // namespace kit::http
