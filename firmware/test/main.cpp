// The test programs; each file beside it, or in host/test, tests the part that it is named after.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
