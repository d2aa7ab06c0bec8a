#include "../../../../support/http_server/tls_world.hpp"

#define HTTP_WORLDS test::tls_loop_world, test::tls_strand_world
#include "../../../../support/http_server/streams.hpp"
