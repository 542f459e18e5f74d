// Which LED a pixel is: from the wall to the panel, along the chain, into the turned panel.
#include "skiclock/display/panels.h"

namespace skiclock {
namespace {

constexpr int kSide = kPanelSide;

// A panel by its row and its place in that row.
struct Place {
  int row;
  int column;
};

struct Point {
  int x;
  int y;
};

int panels_in(const Wall& wall, int row) { return wall.rows[row].panels; }

int count_before(const Wall& wall, int row) {
  int panels = 0;
  for (int above = 0; above < row; ++above) panels += panels_in(wall, above);
  return panels;
}

int along_row(const Wall& wall, Place place) {
  const bool runs_back = wall.chain_zigzag && place.row % 2 != 0;
  return runs_back ? panels_in(wall, place.row) - 1 - place.column : place.column;
}

// Rows that are too short have no panel in this column, and the chain passes them.
int rows_with(const Wall& wall, int column, int row_end) {
  int rows = 0;
  for (int row = 0; row < row_end; ++row) rows += panels_in(wall, row) > column ? 1 : 0;
  return rows;
}

int along_columns(const Wall& wall, Place place) {
  const int rows = rows_of(wall);
  int before = 0;
  for (int column = 0; column < place.column; ++column) before += rows_with(wall, column, rows);
  const int from_top = rows_with(wall, place.column, place.row);
  const bool runs_back = wall.chain_zigzag && place.column % 2 != 0;
  const int last = rows_with(wall, place.column, rows) - 1;
  return before + (runs_back ? last - from_top : from_top);
}

// Where a pixel of a turned panel was before it was turned.
Point turned_back(Point pixel, unsigned quarters) {
  switch (quarters % 4) {
    case 1:
      return {pixel.y, kSide - 1 - pixel.x};
    case 2:
      return {kSide - 1 - pixel.x, kSide - 1 - pixel.y};
    case 3:
      return {kSide - 1 - pixel.y, pixel.x};
    default:
      return pixel;
  }
}

int led_in_panel(const Wall& wall, Point pixel) {
  const int line = wall.led_columns ? pixel.x : pixel.y;
  const int along = wall.led_columns ? pixel.y : pixel.x;
  const bool runs_back = wall.led_zigzag && line % 2 != 0;
  return line * kSide + (runs_back ? kSide - 1 - along : along);
}

}  // namespace

// Asked for each pixel of each frame that changed: unsigned, so that dividing by 16 is a shift.
std::uint16_t led_of(const Wall& wall, int x, int y) {
  const unsigned row = static_cast<unsigned>(y) / kPanelSide;
  if (y < 0 || row >= kMaxRows) return kNoLed;
  const auto in_row = static_cast<unsigned>(x - wall.rows[row].indent);
  const unsigned column = in_row / kPanelSide;
  if (x < wall.rows[row].indent || column >= wall.rows[row].panels) return kNoLed;
  const Place place{static_cast<int>(row), static_cast<int>(column)};
  const int before = count_before(wall, place.row);
  const int panel =
      wall.chain_columns ? along_columns(wall, place) : before + along_row(wall, place);
  const Rotation own = wall.panel_rotation[(before + place.column) % kMaxPanels];
  const unsigned quarters = static_cast<unsigned>(wall.rotation) + static_cast<unsigned>(own);
  const Point pixel{static_cast<int>(in_row % kPanelSide),
                    static_cast<int>(static_cast<unsigned>(y) % kPanelSide)};
  const int led = led_in_panel(wall, turned_back(pixel, quarters));
  return static_cast<std::uint16_t>(panel * kLedsOfPanel + led);
}

bool set_rows(Wall& wall, Text rows) {
  Wall changed = wall;
  for (PanelRow& row : changed.rows) row.panels = 0;
  for (std::size_t at = 0; at < rows.size; ++at) {
    const std::size_t row = at / 2;
    const char symbol = rows.data[at];
    if (at % 2 != 0) {
      if (symbol != '+') return false;
      continue;
    }
    if (row >= kMaxRows || symbol < '1' || symbol > '8') return false;
    changed.rows[row].panels = static_cast<std::uint8_t>(symbol - '0');
  }
  if (rows.size % 2 == 0 || !is_valid(changed)) return false;
  wall = changed;
  return true;
}

void describe_rows(const Wall& wall, char* buffer, std::size_t capacity) {
  if (capacity == 0) return;
  std::size_t size = 0;
  for (std::uint8_t row = 0; row < rows_of(wall) && size + 2 < capacity; ++row) {
    if (row > 0) buffer[size++] = '+';
    buffer[size++] = static_cast<char>('0' + wall.rows[row].panels % 10);
  }
  buffer[size] = '\0';
}

}  // namespace skiclock
