#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kit/clock.hpp>
#include <kit/connection_info.hpp>
#include <kit/http/method.hpp>
#include <kit/http/status.hpp>
#include <kit/http/version.hpp>
#include <transports/http/access_log.hpp>

namespace kit::http::detail {

/// What will be told to the access log of one request.
struct request_note {
  http::method method = {};
  std::string target = {};
  std::shared_ptr<const std::string_view> route = {};  // a router fills it
  http::version version = version::http_1_1;
  http::status status = status::client_closed_request;
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  time_point began = {};
  connection_info connection = {};
};

/// Those of one connection. Only where there is an access log.
struct request_notes {
  std::optional<request_note> running;
  std::vector<request_note> answered;  // and not yet sent

  static void tell(const access_log& log, const request_note& n, access_record::end outcome,
                   time_point now) noexcept;
};

}  // namespace kit::http::detail
