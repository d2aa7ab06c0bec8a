#pragma once

#include <memory>
#include <string>
#include <vector>

#include <transports/http/access_log.hpp>

namespace test {

namespace http = kit::http;

/// An access log: `GET /a?b [/{x}] 200 3>5 completed`.
struct told {
  std::shared_ptr<std::vector<std::string>> lines = std::make_shared<std::vector<std::string>>();
  std::shared_ptr<std::vector<kit::duration>> times =
      std::make_shared<std::vector<kit::duration>>();
  std::shared_ptr<std::vector<std::string>> peers = std::make_shared<std::vector<std::string>>();

  http::access_log log() const {
    return [lines = lines, times = times, peers = peers](const http::access_record& r) {
      lines->push_back(std::string(r.method.name()) + " " + std::string(r.target) + " [" +
                       std::string(r.route) + "] " + std::to_string(http::to_int(r.status)) + " " +
                       std::to_string(r.request_bytes) + ">" + std::to_string(r.response_bytes) +
                       " " + std::string(http::name(r.outcome)));
      times->push_back(r.duration);
      peers->push_back(r.connection.remote_address);
    };
  }
  std::string last() const { return lines->empty() ? "" : lines->back(); }
};

}  // namespace test
