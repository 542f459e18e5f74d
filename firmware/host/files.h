// Files that are written whole or not at all.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace skiclock::host {

// Empty where there is no such file or it cannot be read.
std::optional<std::vector<std::uint8_t>> read_file(const std::string& path);

// Writes beside, syncs and renames, so that a power cut leaves the old file or the new one.
bool write_file(const std::string& path, const void* data, std::size_t size, unsigned mode = 0600);

// Makes a folder and those above it; true where it is there afterwards.
bool make_folders(const std::string& path);

}  // namespace skiclock::host
