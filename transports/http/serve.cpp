#include <transports/http/serve.hpp>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include <transports/http/detail/options_for.hpp>
#include <transports/http/router.hpp>
#include <transports/http/server.hpp>

namespace kit::http {

std::string serve(runtime& rt, handler h, server_options options) {
  if (rt.size() > 1) options.reuse_port = true;
  std::vector<std::shared_ptr<server>> servers;
  for (std::size_t i = 0; i < rt.size(); ++i) {
    servers.push_back(std::make_shared<server>(rt.executor(i), h, options));
    options.port = servers.back()->port();
  }
  auto address = servers.front()->local_address();
  for (std::size_t i = 0; i < rt.size(); ++i)
    rt.on(i, [s = std::move(servers[i])] { return s->run(); });
  return address;
}

std::string serve(runtime& rt, const router& r, server_options options) {
  return serve(rt, handler(r), detail::options_for(r, std::move(options)));
}

}  // namespace kit::http
