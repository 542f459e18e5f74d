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

int along_rows(const Wall& wall, Place place) {
  const bool runs_back = wall.chain_zigzag && place.row % 2 != 0;
  const int last = panels_in(wall, place.row) - 1;
  return count_before(wall, place.row) + (runs_back ? last - place.column : place.column);
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
Point turned_back(Point pixel, int quarters) {
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

std::uint16_t led_of(const Wall& wall, int x, int y) {
  if (y < 0 || y >= height_of(wall)) return kNoLed;
  const int row = y / kSide;
  const int in_row = x - wall.rows[row].indent;
  if (in_row < 0 || in_row >= panels_in(wall, row) * kSide) return kNoLed;
  const Place place{row, in_row / kSide};
  const int reading_index = count_before(wall, row) + place.column;
  const int quarters = static_cast<int>(wall.rotation) +
                       static_cast<int>(wall.panel_rotation[reading_index % kMaxPanels]);
  const Point pixel = turned_back({in_row % kSide, y % kSide}, quarters);
  const int panel = wall.chain_columns ? along_columns(wall, place) : along_rows(wall, place);
  return static_cast<std::uint16_t>(panel * kLedsOfPanel + led_in_panel(wall, pixel));
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
