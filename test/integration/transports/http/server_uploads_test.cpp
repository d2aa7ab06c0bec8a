#include "../../../support/http_server/tcp_world.hpp"

#define HTTP_WORLDS test::loop_world, test::strand_world
#include "../../../support/http_server/uploads.hpp"
