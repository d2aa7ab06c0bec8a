#include "../../../support/http_server/memory_world.hpp"

#define HTTP_WORLDS test::memory_world
#include "../../../support/http_server/events.hpp"
