// The test program; each file beside it tests the part of lib/ that it is named after.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
