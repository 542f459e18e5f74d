// How the panels of a wall hang and are wired, as data; which LED a pixel is.
#pragma once

#include <cstddef>
#include <cstdint>

#include "skiclock/display/frame.h"
#include "skiclock/ports.h"

namespace skiclock {

inline constexpr std::uint8_t kMaxRows = 4;
inline constexpr std::uint16_t kLedsOfPanel = kPanelSide * kPanelSide;
inline constexpr std::uint16_t kNoLed = 0xFFFF;

// How far a panel is turned clockwise from the way in which its first LED is top left.
enum class Rotation : std::uint8_t { kNone, kRight, kHalf, kLeft };

struct PanelRow {
  std::uint8_t panels = 0;
  std::uint8_t indent = 0;  // pixels between the left edge of the wall and the first panel
};

struct Wall {
  PanelRow rows[kMaxRows];  // from the top; the first row without panels ends the wall
  // Inside a panel (before it is turned): the LEDs run along rows from the top left, or down
  // columns; every second row (column) may run back, as the strip is folded.
  bool led_columns = false;
  bool led_zigzag = true;
  // From panel to panel: row by row from the left, or column by column from the top; every second
  // row (column) may run back.
  bool chain_columns = false;
  bool chain_zigzag = false;
  // Of all panels, and on top of it of single ones, which are counted in reading order.
  Rotation rotation = Rotation::kNone;
  Rotation panel_rotation[kMaxPanels] = {};
};

// A wall of the usual wiring from the number of panels in each row.
constexpr Wall wall_of(std::uint8_t first, std::uint8_t second = 0, std::uint8_t third = 0,
                       std::uint8_t fourth = 0) {
  Wall wall;
  wall.rows[0].panels = first;
  wall.rows[1].panels = second;
  wall.rows[2].panels = third;
  wall.rows[3].panels = fourth;
  return wall;
}

constexpr std::uint8_t rows_of(const Wall& wall) {
  std::uint8_t rows = 0;
  while (rows < kMaxRows && wall.rows[rows].panels > 0) ++rows;
  return rows;
}

constexpr std::uint16_t panel_count(const Wall& wall) {
  std::uint16_t panels = 0;
  for (std::uint8_t row = 0; row < rows_of(wall); ++row) {
    panels = static_cast<std::uint16_t>(panels + wall.rows[row].panels);
  }
  return panels;
}

constexpr std::uint16_t led_count(const Wall& wall) {
  return static_cast<std::uint16_t>(panel_count(wall) * kLedsOfPanel);
}

constexpr std::uint16_t width_of(const Wall& wall) {
  int width = 0;
  for (std::uint8_t row = 0; row < rows_of(wall); ++row) {
    const int end = wall.rows[row].indent + wall.rows[row].panels * kPanelSide;
    if (end > width) width = end;
  }
  return static_cast<std::uint16_t>(width);
}

constexpr std::uint16_t height_of(const Wall& wall) {
  return static_cast<std::uint16_t>(rows_of(wall) * kPanelSide);
}

// Whether there is a wall, it fits into a frame, and no row stands behind an empty one.
constexpr bool is_valid(const Wall& wall) {
  const std::uint8_t rows = rows_of(wall);
  for (std::uint8_t row = rows; row < kMaxRows; ++row) {
    if (wall.rows[row].panels > 0) return false;
  }
  const unsigned pixels = static_cast<unsigned>(width_of(wall)) * height_of(wall);
  return rows > 0 && pixels <= kFrameBytes * 4U;
}

// Returns the place in the chain of the LED at a pixel, `kNoLed` where no panel hangs.
std::uint16_t led_of(const Wall& wall, int x, int y);

// Reads rows as people write them, "4+4"; indents and wiring stay. False: not understood or too
// large, and the wall is as it was.
bool set_rows(Wall& wall, Text rows);

// Writes the rows in that form, terminated; `capacity` of 12 is enough for every wall.
void describe_rows(const Wall& wall, char* buffer, std::size_t capacity);

}  // namespace skiclock
