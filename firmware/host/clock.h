// One Linux clock: the ports, the app on them, and what a person sees of it.
#pragma once

#include <atomic>
#include <csignal>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "crypto.h"
#include "flash.h"
#include "machine.h"
#include "options.h"
#include "panels.h"
#include "skiclock/app.h"
#include "store.h"
#include "stream.h"
#include "terminal.h"
#include "udp.h"

namespace skiclock::host {

class Clock {
 public:
  // `slot`: which of the two its program runs from.
  Clock(const Options& options, int slot);
  ~Clock();
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;

  // Until `*is_to_end`. Returns the exit code.
  int run(const volatile std::sig_atomic_t* is_to_end);

 private:
  void make_build();
  void draw_until_ended();
  void say_goodbye();
  void end_display();
  void take_key(char key);
  void tell();
  void keep_picture();
  std::string situation();
  std::vector<std::string> lines();

  Options options_;
  std::string roots_pem_;
  Network network_;
  NetStream broker_;
  NetStream download_;
  Udp udp_;
  Rtc rtc_;
  Thermometer thermometer_;
  Button button_;
  Serial serial_;
  System system_;
  FileStore store_;
  FileSlot slot_;
  Sha256 sha256_;
  Signature signatures_;
  Panels panels_;
  Machine machine_;
  Build build_;
  Wall wall_;
  std::unique_ptr<App> app_;
  std::unique_ptr<Terminal> terminal_;
  std::atomic<bool> is_drawing_{true};
  std::thread display_;
  // What stands below the wall; made by the main thread, drawn by the display's.
  std::mutex lines_mutex_;
  std::vector<std::string> lines_;
  std::string said_;
  Steady::time_point pictured_at_;
  bool has_complained_ = false;
};

}  // namespace skiclock::host
