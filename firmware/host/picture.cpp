// What a frame on LEDs looks like to an eye: colours for a screen.
#include "picture.h"

#include <png.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace skiclock::host {
namespace {

constexpr Rgb kDark{22, 24, 28};
constexpr double kGamma = 2.2;
constexpr double kGlow = 0.10;  // the share of an LED's light that its neighbour shows
constexpr int kDotSide = 12;
constexpr double kDotRadius = 4.4;

// Duty cycles are linear light, a screen's values are not; and a wall is looked at in the dark,
// where an LED at a tenth of its power is still bright.
std::uint8_t on_screen(double duty) {
  const double light = std::pow(std::clamp(duty, 0.0, 1.0), 1 / kGamma);
  return static_cast<std::uint8_t>(std::lround(255 * light));
}

struct Light {
  double red = 0;
  double green = 0;
  double blue = 0;

  void add(const Rgb& led, double share) {
    red += share * led.red / 255;
    green += share * led.green / 255;
    blue += share * led.blue / 255;
  }
};

Rgb colour_of(const Light& light) {
  return {std::max(kDark.red, on_screen(light.red)), std::max(kDark.green, on_screen(light.green)),
          std::max(kDark.blue, on_screen(light.blue))};
}

Light light_at(const Shown& shown, int x, int y) {
  Light light;
  const auto led = [&](int column, int row) -> const Rgb& {
    return shown.palette.colour[static_cast<int>(shown.frame.at(column, row))];
  };
  light.add(led(x, y), 1);
  if (shown.frame.at(x, y) != Ink::kOff) return light;
  light.add(led(x - 1, y), kGlow * kGlow);
  light.add(led(x + 1, y), kGlow * kGlow);
  light.add(led(x, y - 1), kGlow * kGlow);
  light.add(led(x, y + 1), kGlow * kGlow);
  return light;
}

std::uint8_t mixed(std::uint8_t front, std::uint8_t back, double share) {
  return static_cast<std::uint8_t>(std::lround(front * share + back * (1 - share)));
}

// How much of a pixel of the tile the round LED covers, with a soft rim.
double coverage(int x, int y) {
  const double middle = (kDotSide - 1) / 2.0;
  const double distance = std::hypot(x - middle, y - middle);
  return std::clamp(kDotRadius + 0.5 - distance, 0.0, 1.0);
}

void draw_dot(std::vector<png_byte>& image, int width, int column, int row, const Rgb& colour) {
  constexpr Rgb kBoard{8, 9, 11};
  for (int y = 0; y < kDotSide; ++y) {
    for (int x = 0; x < kDotSide; ++x) {
      const double share = coverage(x, y);
      const std::size_t at =
          (static_cast<std::size_t>(row * kDotSide + y) * static_cast<std::size_t>(width) +
           static_cast<std::size_t>(column * kDotSide + x)) *
          3;
      image[at] = mixed(colour.red, kBoard.red, share);
      image[at + 1] = mixed(colour.green, kBoard.green, share);
      image[at + 2] = mixed(colour.blue, kBoard.blue, share);
    }
  }
}

}  // namespace

std::vector<Rgb> seen_colours(const Shown& shown) {
  std::vector<Rgb> colours;
  colours.reserve(static_cast<std::size_t>(shown.frame.width) * shown.frame.height);
  for (int y = 0; y < shown.frame.height; ++y) {
    for (int x = 0; x < shown.frame.width; ++x) {
      colours.push_back(colour_of(light_at(shown, x, y)));
    }
  }
  return colours;
}

bool write_png(const std::string& path, const Shown& shown, std::string* problem) {
  const int width = shown.frame.width * kDotSide;
  const int height = shown.frame.height * kDotSide;
  std::vector<png_byte> image(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) *
                              3);
  const std::vector<Rgb> colours = seen_colours(shown);
  for (int row = 0; row < shown.frame.height; ++row) {
    for (int column = 0; column < shown.frame.width; ++column) {
      draw_dot(image, width, column, row,
               colours[static_cast<std::size_t>(row) * shown.frame.width +
                       static_cast<std::size_t>(column)]);
    }
  }
  png_image description = {};
  description.version = PNG_IMAGE_VERSION;
  description.width = static_cast<png_uint_32>(width);
  description.height = static_cast<png_uint_32>(height);
  description.format = PNG_FORMAT_RGB;
  // Beside and renamed: who looks at the file meanwhile sees a whole picture.
  const std::string beside = path + ".new";
  const bool is_written =
      png_image_write_to_file(&description, beside.c_str(), 0, image.data(), 0, nullptr) != 0;
  if (is_written && std::rename(beside.c_str(), path.c_str()) == 0) return true;
  *problem = is_written ? "cannot be renamed" : description.message;
  return false;
}

}  // namespace skiclock::host
