// Frames: pixels in and out.
#include <doctest/doctest.h>

#include "skiclock/display/frame.h"

using skiclock::Frame;
using skiclock::Ink;

TEST_CASE("each pixel keeps its own ink") {
  Frame frame;
  frame.width = 32;
  frame.height = 16;
  frame.set(5, 3, Ink::kMain);
  frame.set(6, 3, Ink::kWarning);
  frame.set(5, 3, Ink::kAccent);
  CHECK(frame.at(5, 3) == Ink::kAccent);
  CHECK(frame.at(6, 3) == Ink::kWarning);
  CHECK(frame.at(4, 3) == Ink::kOff);
}

TEST_CASE("nothing is drawn outside the frame") {
  Frame frame;
  frame.width = 16;
  frame.height = 16;
  frame.set(-1, 0, Ink::kMain);
  frame.set(16, 0, Ink::kMain);
  frame.set(0, 16, Ink::kMain);
  for (int y = 0; y < 16; ++y) {
    for (int x = 0; x < 16; ++x) CHECK(frame.at(x, y) == Ink::kOff);
  }
}
