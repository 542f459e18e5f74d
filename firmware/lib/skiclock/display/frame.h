// A picture for the panels: two bits a pixel, an index into four colours.
#pragma once

#include <cstddef>
#include <cstdint>

namespace skiclock {

inline constexpr std::uint16_t kPanelSide = 16;
inline constexpr std::uint16_t kMaxPanels = 8;
inline constexpr std::size_t kFrameBytes = kPanelSide * kPanelSide * kMaxPanels / 4;

// What a pixel is for; the palette says which colour that is now.
enum class Ink : std::uint8_t { kOff = 0, kMain = 1, kAccent = 2, kWarning = 3 };

struct Rgb {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
};

// The colours of the four inks; `kOff` is black.
struct Palette {
  Rgb colour[4];
};

// Row by row from the top left; a row of a wall whose rows have unequal length is as wide as the
// widest one. `width * height` is at most 16 * 16 * kMaxPanels.
struct Frame {
  std::uint16_t width = 0;
  std::uint16_t height = 0;
  std::uint8_t bits[kFrameBytes] = {};

  void clear();
  // Outside the frame nothing is set, and `kOff` is read.
  void set(int x, int y, Ink ink);
  Ink at(int x, int y) const;
};

}  // namespace skiclock
