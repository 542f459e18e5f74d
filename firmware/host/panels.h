// The panels on Linux: keeps what was shown last, for whoever draws it.
#pragma once

#include <mutex>

#include "picture.h"
#include "skiclock/ports.h"

namespace skiclock::host {

class Panels : public PanelPort {
 public:
  void show(const Frame& frame, const Palette& palette) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    shown_ = {frame, palette};
  }
  Shown shown() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return shown_;
  }

 private:
  std::mutex mutex_;
  Shown shown_;
};

}  // namespace skiclock::host
