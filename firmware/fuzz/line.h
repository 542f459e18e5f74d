// A connection whose other end is the fuzzer: what comes, in what pieces, and when it breaks.
#pragma once

#include <algorithm>
#include <cstring>

#include "input.h"
#include "skiclock/ports.h"

namespace skiclock::fuzz {

class Line : public StreamPort {
 public:
  explicit Line(Input& input) : input_(input) {}

  void open(const Endpoint&) override { state_ = StreamState::kOpening; }
  StreamState state() override {
    if (state_ == StreamState::kOpening && --patience_ == 0) state_ = StreamState::kOpen;
    if (input_.is_empty()) state_ = StreamState::kClosed;
    return state_;
  }
  // What the fuzzer says next is how much comes at once.
  std::size_t read(std::uint8_t* buffer, std::size_t capacity) override {
    if (left_ == 0) left_ = input_.byte();
    const Bytes piece = input_.bytes(std::min(capacity, left_));
    if (piece.size > 0) std::memcpy(buffer, piece.data, piece.size);
    left_ -= piece.size;
    return piece.size;
  }
  std::size_t write(Bytes bytes) override {
    // Reads all of it, so that the sanitizers do.
    for (std::size_t i = 0; i < bytes.size; ++i)
      sum_ = static_cast<std::uint8_t>(sum_ + bytes.data[i]);
    return std::min<std::size_t>(bytes.size, 1U + sum_ % 64);
  }
  void close() override { state_ = StreamState::kClosed; }
  const char* problem() override { return "fuzz"; }

 private:
  Input& input_;
  StreamState state_ = StreamState::kClosed;
  unsigned patience_ = 2;
  std::size_t left_ = 0;
  std::uint8_t sum_ = 0;
};

class System : public SystemPort {
 public:
  void restart() override {}
  const char* reset_reason() override { return "unknown"; }
  std::uint32_t free_heap_bytes() override { return 0; }
  std::uint32_t min_free_heap_bytes() override { return 0; }
  std::uint32_t random() override { return seed_ = seed_ * 1664525U + 1013904223U; }

 private:
  std::uint32_t seed_ = 1;
};

}  // namespace skiclock::fuzz
