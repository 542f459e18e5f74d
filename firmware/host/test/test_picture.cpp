// What a wall looks like on a screen.
#include <doctest/doctest.h>

#include "files.h"
#include "folder.h"
#include "picture.h"

using namespace skiclock;
using namespace skiclock::host;

namespace {

Shown lit_at(int x, int y) {
  Shown shown;
  shown.frame.width = 16;
  shown.frame.height = 16;
  shown.frame.set(x, y, Ink::kMain);
  shown.palette.colour[1] = {40, 20, 0};
  return shown;
}

const Rgb& at(const std::vector<Rgb>& colours, int x, int y) {
  return colours[static_cast<std::size_t>(y * 16 + x)];
}

}  // namespace

TEST_CASE("a dimmed LED is bright on a screen, its neighbours glow, the rest is dark") {
  const auto colours = seen_colours(lit_at(5, 5));
  CHECK(colours.size() == 256);
  CHECK(at(colours, 5, 5).red > 100);
  CHECK(at(colours, 5, 5).red > at(colours, 5, 5).green);
  CHECK(at(colours, 6, 5).red < at(colours, 5, 5).red);
  CHECK(at(colours, 6, 5).red >= at(colours, 12, 12).red);
  CHECK(at(colours, 12, 12).red < 40);
}

TEST_CASE("a picture is written as PNG, and a place that cannot be written is said") {
  const Folder folder;
  std::string problem;
  REQUIRE(write_png(folder / "wall.png", lit_at(0, 0), &problem));
  const auto bytes = read_file(folder / "wall.png");
  REQUIRE(bytes);
  CHECK(std::string(bytes->begin() + 1, bytes->begin() + 4) == "PNG");
  CHECK_FALSE(write_png(folder / "nowhere/wall.png", lit_at(0, 0), &problem));
  CHECK_FALSE(problem.empty());
}
