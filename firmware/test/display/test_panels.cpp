// Walls: every way to hang and wire panels gives each pixel a LED of its own.
#include <doctest/doctest.h>

#include <initializer_list>

#include <string>
#include <vector>

#include "skiclock/display/panels.h"

using namespace skiclock;

namespace {

std::vector<Wall> walls() {
  std::vector<Wall> all = {wall_of(1),    wall_of(3),    wall_of(8),       wall_of(4, 4),
                           wall_of(3, 2), wall_of(2, 3), wall_of(2, 1, 2), wall_of(1, 2, 2, 1)};
  Wall centred = wall_of(2, 3);
  centred.rows[0].indent = 8;
  all.push_back(centred);
  Wall mixed = wall_of(4, 4);
  for (int panel = 0; panel < 8; ++panel) mixed.panel_rotation[panel] = Rotation(panel % 4);
  all.push_back(mixed);
  return all;
}

// All wirings of a wall: 2 * 2 inside a panel, 2 * 2 between panels, four rotations.
std::vector<Wall> wirings(Wall wall) {
  std::vector<Wall> all;
  for (int bits = 0; bits < 64; ++bits) {
    wall.led_columns = (bits & 1) != 0;
    wall.led_zigzag = (bits & 2) != 0;
    wall.chain_columns = (bits & 4) != 0;
    wall.chain_zigzag = (bits & 8) != 0;
    wall.rotation = Rotation(bits >> 4);
    all.push_back(wall);
  }
  return all;
}

// Whether each LED belongs to one pixel, and all other pixels to none.
bool is_bijection(const Wall& wall) {
  std::vector<int> pixels(led_count(wall), 0);
  for (int y = 0; y < height_of(wall); ++y) {
    for (int x = 0; x < width_of(wall); ++x) {
      const std::uint16_t led = led_of(wall, x, y);
      if (led == kNoLed) continue;
      if (led >= pixels.size()) return false;
      ++pixels[led];
    }
  }
  for (const int count : pixels) {
    if (count != 1) return false;
  }
  return true;
}

struct Corner {
  int x;
  int y;
  int led;
};

void check_corners(const Wall& wall, const std::vector<Corner>& corners) {
  for (const Corner& corner : corners) {
    CAPTURE(corner.x);
    CAPTURE(corner.y);
    CHECK(led_of(wall, corner.x, corner.y) == corner.led);
  }
}

Wall turned(Rotation rotation) {
  Wall wall = wall_of(1);
  wall.rotation = rotation;
  return wall;
}

std::string described(const Wall& wall) {
  char buffer[12];
  describe_rows(wall, buffer, sizeof buffer);
  return buffer;
}

}  // namespace

TEST_CASE("in every wiring of every wall each LED is one pixel") {
  for (const Wall& wall : walls()) {
    REQUIRE(is_valid(wall));
    for (const Wall& wired : wirings(wall)) CHECK(is_bijection(wired));
  }
}

TEST_CASE("a folded strip runs back in every second row") {
  check_corners(wall_of(1),
                {{0, 0, 0}, {15, 0, 15}, {15, 1, 16}, {0, 1, 31}, {0, 15, 255}, {15, 15, 240}});
}

TEST_CASE("a strip that is not folded begins every row at the left") {
  Wall wall = wall_of(1);
  wall.led_zigzag = false;
  check_corners(wall, {{0, 0, 0}, {15, 0, 15}, {0, 1, 16}, {0, 15, 240}, {15, 15, 255}});
}

TEST_CASE("a strip may run down the columns") {
  Wall wall = wall_of(1);
  wall.led_columns = true;
  check_corners(wall,
                {{0, 0, 0}, {0, 15, 15}, {1, 15, 16}, {1, 0, 31}, {15, 0, 255}, {15, 15, 240}});
  wall.led_zigzag = false;
  check_corners(wall, {{0, 15, 15}, {1, 0, 16}, {15, 0, 240}, {15, 15, 255}});
}

TEST_CASE("a turned panel has its first LED in the corner to which it was turned") {
  check_corners(turned(Rotation::kRight), {{15, 0, 0}, {15, 15, 15}, {0, 15, 240}, {0, 0, 255}});
  check_corners(turned(Rotation::kHalf), {{15, 15, 0}, {0, 15, 15}, {0, 0, 240}, {15, 0, 255}});
  check_corners(turned(Rotation::kLeft), {{0, 15, 0}, {0, 0, 15}, {15, 0, 240}, {15, 15, 255}});
}

TEST_CASE("a single panel turned on top of the others") {
  Wall wall = wall_of(2);
  wall.rotation = Rotation::kRight;
  wall.panel_rotation[1] = Rotation::kLeft;
  check_corners(wall, {{15, 0, 0}, {16, 0, 256}, {31, 0, 256 + 15}});
}

TEST_CASE("the chain goes row by row, and back where it is folded") {
  Wall wall = wall_of(3, 3);
  check_corners(wall, {{0, 0, 0}, {16, 0, 256}, {32, 0, 512}, {0, 16, 768}, {32, 16, 1280}});
  wall.chain_zigzag = true;
  check_corners(wall, {{0, 0, 0}, {32, 0, 512}, {32, 16, 768}, {0, 16, 1280}});
}

TEST_CASE("the chain goes column by column, and back where it is folded") {
  Wall wall = wall_of(3, 3);
  wall.chain_columns = true;
  check_corners(wall, {{0, 0, 0}, {0, 16, 256}, {16, 0, 512}, {16, 16, 768}, {32, 16, 1280}});
  wall.chain_zigzag = true;
  check_corners(wall, {{0, 16, 256}, {16, 16, 512}, {16, 0, 768}, {32, 0, 1024}});
}

TEST_CASE("a chain of columns passes rows that are too short") {
  Wall wall = wall_of(3, 2);
  wall.chain_columns = true;
  check_corners(wall, {{0, 16, 256}, {16, 16, 768}, {32, 0, 1024}, {32, 16, kNoLed}});
}

TEST_CASE("there is no LED beside a short row, before an indent, or outside") {
  Wall wall = wall_of(1, 2);
  wall.rows[0].indent = 8;
  check_corners(wall, {{7, 0, kNoLed},
                       {8, 0, 0},
                       {23, 0, 15},
                       {24, 0, kNoLed},
                       {0, 16, 256},
                       {-1, 16, kNoLed},
                       {32, 16, kNoLed},
                       {0, -1, kNoLed},
                       {0, 32, kNoLed}});
}

TEST_CASE("a wall knows its size") {
  const Wall wall = wall_of(2, 3);
  CHECK(rows_of(wall) == 2);
  CHECK(panel_count(wall) == 5);
  CHECK(led_count(wall) == 1280);
  CHECK(width_of(wall) == 48);
  CHECK(height_of(wall) == 32);
}

TEST_CASE("a wall that does not fit into a frame is not valid") {
  CHECK(is_valid(wall_of(8)));
  CHECK_FALSE(is_valid(wall_of(0)));
  CHECK_FALSE(is_valid(wall_of(9)));
  CHECK_FALSE(is_valid(wall_of(5, 3)));
  CHECK_FALSE(is_valid(wall_of(2, 0, 1)));
  Wall indented = wall_of(8);
  indented.rows[0].indent = 1;
  CHECK_FALSE(is_valid(indented));
}

TEST_CASE("rows are read and written as people say them") {
  Wall wall = wall_of(1);
  wall.rotation = Rotation::kHalf;
  REQUIRE(set_rows(wall, text_of("3+4")));
  CHECK(wall.rows[0].panels == 3);
  CHECK(wall.rows[1].panels == 4);
  CHECK(wall.rotation == Rotation::kHalf);
  CHECK(described(wall) == "3+4");
  REQUIRE(set_rows(wall, text_of("2+2+2+2")));
  CHECK(described(wall) == "2+2+2+2");
  REQUIRE(set_rows(wall, text_of("8")));
  CHECK(described(wall) == "8");
}

TEST_CASE("rows that are no rows leave the wall as it was") {
  for (const char* rows : {"", "0", "9", "4+", "+4", "4,4", "44", "5+4", "1+1+1+1+1", "4+0", "x"}) {
    Wall wall = wall_of(3);
    CAPTURE(rows);
    CHECK_FALSE(set_rows(wall, text_of(rows)));
    CHECK(described(wall) == "3");
  }
}

TEST_CASE("a description that has no room is cut and terminated") {
  char buffer[4] = {'x', 'x', 'x', 'x'};
  describe_rows(wall_of(2, 2, 2), buffer, sizeof buffer);
  CHECK(std::string(buffer) == "2+2");
  describe_rows(wall_of(2), buffer, 0);
  CHECK(buffer[0] == '2');
}
