// Precompiled for the test programs.
#include <doctest/doctest.h>

#include "library.hpp"
