// What the run wants of whatever it runs on: a way to say something, and a count of instructions.
#pragma once

#include <cstddef>
#include <cstdint>

void put(const char* text, std::size_t size);
// Since the start; 0 where nobody counts.
std::uint32_t instructions();
