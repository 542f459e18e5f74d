// The terminal: keys in, the wall in colour out, and everything as it was at the end.
#pragma once

#include <termios.h>

#include <string>
#include <vector>

#include "picture.h"

namespace skiclock::host {

class Terminal {
 public:
  // Takes the terminal over; gives it back when destroyed, and when the program exits otherwise.
  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // A key that was pressed, 0 where none was.
  char key();
  // Draws the rows that changed, and the lines below the wall.
  void draw(const Shown& shown, const std::vector<std::string>& lines);

 private:
  void fit();

  std::vector<std::string> rows_;  // what stands on the screen
  int columns_ = 0;
  int height_ = 0;
};

// Whether standard output is a terminal on which a wall can be drawn.
bool has_terminal();

}  // namespace skiclock::host
