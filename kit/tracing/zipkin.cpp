#include <kit/tracing/zipkin.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <kit/codec/json.hpp>
#include <kit/http/syntax.hpp>
#include <kit/ip_networks.hpp>
#include <kit/tracing/detail/http_export.hpp>

namespace kit::tracing {
namespace {

struct zipkin_endpoint {
  std::string service_name;
  std::string ipv4;
  std::string ipv6;
  std::uint16_t port = 0;
};

struct zipkin_annotation {
  std::int64_t timestamp = 0;
  std::string value;
};

struct zipkin_span {
  std::string trace_id;
  std::string id;
  std::string parent_id;
  std::string kind;
  std::string name;
  std::int64_t timestamp = 0;
  std::int64_t duration = 0;
  std::optional<bool> shared;
  std::optional<bool> debug;
  std::optional<zipkin_endpoint> local_endpoint;
  std::optional<zipkin_endpoint> remote_endpoint;
  std::vector<zipkin_annotation> annotations;
  std::map<std::string, std::string> tags;
};

}  // namespace
}  // namespace kit::tracing
