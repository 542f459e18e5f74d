// One TCP connection, scripted: what the peer answers, in what pieces, and where it breaks.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "skiclock/ports.h"

namespace skiclock::fakes {

// What happens at one `open`.
struct Dialogue {
  bool refuses = false;             // never opens
  std::uint32_t opening_polls = 0;  // calls of `state` before it is open
  std::string waits_for;            // text that must have been written before the peer answers
  std::string answer;
  std::size_t piece = 1460;  // bytes a `read`, at most
  bool hangs_up = true;      // closes after the answer; else it stays open and silent
  std::string problem;
};

class FakeStream : public StreamPort {
 public:
  void open(const Endpoint& endpoint) override;
  StreamState state() override;
  std::size_t read(std::uint8_t* buffer, std::size_t capacity) override;
  std::size_t write(Bytes bytes) override;
  void close() override;
  const char* problem() override { return current_.problem.c_str(); }

  // More bytes from the peer, in a connection that is open.
  void feed(const std::string& bytes) { current_.answer += bytes; }
  // The peer (or the network) ends the connection; what was sent before can still be read.
  void break_off() { is_broken_ = true; }

  std::deque<Dialogue> script;        // one a connection; without one a connection is refused
  std::string written;                // in this connection
  std::vector<std::string> requests;  // what was written in each connection, the last included
  std::string host;
  std::uint16_t port = 0;
  Trust trust = Trust::kPlain;
  std::uint32_t opened = 0;
  std::size_t writes_at_most = 100000;  // bytes a `write` takes; 0: the line is full

 private:
  bool answers() const;

  Dialogue current_;
  std::size_t sent_ = 0;  // of the answer
  bool is_open_ = false;
  bool is_broken_ = false;
};

}  // namespace skiclock::fakes
