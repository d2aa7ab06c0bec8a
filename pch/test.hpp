// Precompiled for the test programs.
#pragma once

#include <doctest/doctest.h>

#include "library.hpp"
