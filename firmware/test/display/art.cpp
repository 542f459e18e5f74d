// Frames and glyphs as text art, and golden files of it.
#include "display/art.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace skiclock {
namespace {

char symbol_of(Ink ink) { return ".#o!"[static_cast<int>(ink)]; }

std::string path_of(const std::string& name) {
  const std::string file = __FILE__;
  return file.substr(0, file.find_last_of('/') + 1) + "golden/" + name + ".txt";
}

std::string contents(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

std::string art_of(const Frame& frame) {
  std::string art;
  for (int y = 0; y < frame.height; ++y) {
    for (int x = 0; x < frame.width; ++x) art += symbol_of(frame.at(x, y));
    art += '\n';
  }
  return art;
}

std::string art_of(const Frame& frame, const Wall& wall) {
  std::string art;
  for (int y = 0; y < frame.height; ++y) {
    for (int x = 0; x < frame.width; ++x) {
      art += led_of(wall, x, y) == kNoLed ? ' ' : symbol_of(frame.at(x, y));
    }
    art.erase(art.find_last_not_of(' ') + 1);
    art += '\n';
  }
  return art;
}

std::string art_of(const Glyph& glyph, int rows) {
  std::string art;
  for (int y = 0; y < rows; ++y) {
    for (int x = 0; x < glyph.width; ++x) {
      art += (glyph.columns[x] >> y & 1) != 0 ? '#' : '.';
    }
    art += '\n';
  }
  return art;
}

void check_golden(const std::string& name, const std::string& actual) {
  const std::string path = path_of(name);
  if (std::getenv("SKICLOCK_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << actual;
  const std::string expected = contents(path);
  REQUIRE_MESSAGE(!expected.empty(), "there is no ", path);
  std::istringstream expected_lines(expected);
  std::istringstream actual_lines(actual);
  std::string title;
  std::string expected_line;
  for (int line = 1; std::getline(expected_lines, expected_line); ++line) {
    if (!expected_line.empty() && expected_line[0] == '=') title = expected_line;
    std::string actual_line;
    std::getline(actual_lines, actual_line);
    REQUIRE_MESSAGE(actual_line == expected_line, name, ".txt:", line, " under ", title);
  }
  CHECK_MESSAGE(actual == expected, name, ".txt has another length");
}

}  // namespace skiclock
