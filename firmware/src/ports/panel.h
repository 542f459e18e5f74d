// The LED panels: one strip a row, over Adafruit NeoPixel.
#pragma once

#include <Adafruit_NeoPixel.h>

#include "board.h"
#include "skiclock/display/frame.h"
#include "skiclock/ports.h"

namespace skiclock {

class Panel : public PanelPort {
 public:
  Panel(const Board& board, const Wall& wall) : board_(board), wall_(wall) {}
  // Takes the memory of the longest row, once; rows are sent one behind the other.
  void begin();
  void show(const Frame& frame, const Palette& palette) override;
  // While the serial line is listened to, a row on its pin is left alone.
  void set_serial_in_use(bool is_in_use) { is_serial_in_use_ = is_in_use; }
  // How long the last frame took to send.
  std::uint32_t last_ms() const { return last_ms_; }

 private:
  bool is_same_as_shown(const Frame& frame, const Palette& palette) const;
  void send(std::uint8_t row, const Frame& frame, const Palette& palette);

  const Board& board_;
  const Wall& wall_;
  Adafruit_NeoPixel strip_{0, kNoPin, NEO_GRB + NEO_KHZ800};
  Frame shown_;
  Palette shown_palette_;
  std::uint32_t shown_at_ms_ = 0;
  std::uint32_t last_ms_ = 0;
  volatile bool is_serial_in_use_ = false;
};

}  // namespace skiclock
