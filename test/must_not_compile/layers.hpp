#pragma once

#include <string>

#include <kit/chain.hpp>
#include <kit/endpoint.hpp>

/// What the programs here put layers around.
struct request {
  std::string text;
};
struct response {
  std::string text;
};
using endpoint = kit::endpoint<request, response>;
