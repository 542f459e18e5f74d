// The terminal: keys in, the wall in colour out, and everything as it was at the end.
#include "terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace skiclock::host {
namespace {

constexpr char kUpperHalf[] = "\xE2\x96\x80";
constexpr char kEnter[] = "\x1b[?1049h\x1b[?25l\x1b[2J";
constexpr char kLeave[] = "\x1b[0m\x1b[?25h\x1b[?1049l";

termios before;
std::atomic<bool> is_taken{false};

void say(const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data() + done, text.size() - done);
    if (written <= 0) return;  // nobody looks any more
    done += static_cast<std::size_t>(written);
  }
}

// Also by atexit: a restart leaves through std::exit, and signals are turned into an exit.
void give_back() {
  if (!is_taken.exchange(false)) return;
  say(kLeave);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

void append_colour(std::string& line, const char* layer, const Rgb& colour) {
  char text[32];
  std::snprintf(text, sizeof text, "\x1b[%s;2;%d;%d;%dm", layer, colour.red, colour.green,
                colour.blue);
  line += text;
}

bool same(const Rgb& one, const Rgb& other) {
  return one.red == other.red && one.green == other.green && one.blue == other.blue;
}

// Two rows of LEDs as one row of text; a colour is written only where it changes.
std::string text_row(const std::vector<Rgb>& colours, int width, int upper, int columns) {
  std::string line;
  const Rgb* front = nullptr;
  const Rgb* back = nullptr;
  for (int x = 0; x < width && x < columns; ++x) {
    const auto at = [&](int y) {
      return &colours[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                      static_cast<std::size_t>(x)];
    };
    const Rgb* top = at(upper);
    const Rgb* bottom = at(upper + 1);
    // Alike, a blank does it: less to send, and a plain copy of the screen shows the shapes.
    const bool is_blank = same(*top, *bottom);
    if (!is_blank && (front == nullptr || !same(*front, *top))) append_colour(line, "38", *top);
    if (back == nullptr || !same(*back, *bottom)) append_colour(line, "48", *bottom);
    line += is_blank ? " " : kUpperHalf;
    if (!is_blank) front = top;
    back = bottom;
  }
  return line + "\x1b[0m\x1b[K";
}

// Colours take no cell.
std::string cut(const std::string& line, int columns) {
  std::string kept;
  int cells = 0;
  bool is_escape = false;
  for (const char byte : line) {
    if (byte == '\x1b') is_escape = true;
    const bool begins = (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
    if (!is_escape && begins && cells++ == columns) break;
    kept += byte;
    if (byte == 'm') is_escape = false;
  }
  return kept + "\x1b[0m\x1b[K";
}

}  // namespace

Terminal::Terminal() {
  if (::tcgetattr(STDIN_FILENO, &before) == 0) {
    termios raw = before;
    raw.c_lflag &= static_cast<tcflag_t>(~(ICANON | ECHO));
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  }
  is_taken = true;
  std::atexit(give_back);
  say(kEnter);
}

Terminal::~Terminal() { give_back(); }

char Terminal::key() {
  char byte = 0;
  return ::read(STDIN_FILENO, &byte, 1) == 1 ? byte : '\0';
}

void Terminal::fit() {
  winsize size = {};
  int columns = 80;
  int height = 24;
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    columns = size.ws_col;
    height = size.ws_row;
  }
  if (columns == columns_ && height == height_) return;
  columns_ = columns;
  height_ = height;
  rows_.clear();
  say("\x1b[0m\x1b[2J");
}

void Terminal::draw(const Shown& shown, const std::vector<std::string>& lines) {
  if (!is_taken) return;  // the program is about to end
  fit();
  std::vector<std::string> wanted;
  const std::vector<Rgb> colours = seen_colours(shown);
  for (int y = 0; y + 1 < shown.frame.height; y += 2) {
    wanted.push_back(text_row(colours, shown.frame.width, y, columns_));
  }
  wanted.emplace_back("\x1b[K");
  for (const std::string& line : lines) wanted.push_back(cut(line, columns_));
  std::string out;
  for (std::size_t row = 0; row < wanted.size() && row < static_cast<std::size_t>(height_); ++row) {
    if (row < rows_.size() && rows_[row] == wanted[row]) continue;
    out += "\x1b[" + std::to_string(row + 1) + ";1H" + wanted[row];
  }
  rows_ = std::move(wanted);
  say(out);
}

bool has_terminal() { return ::isatty(STDOUT_FILENO) != 0 && ::isatty(STDIN_FILENO) != 0; }

}  // namespace skiclock::host
