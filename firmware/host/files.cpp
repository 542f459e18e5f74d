// Files that are written whole or not at all.
#include "files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <system_error>

namespace skiclock::host {
namespace {

bool write_all(int file, const std::uint8_t* data, std::size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(file, data, size);
    if (written <= 0) return false;
    data += written;
    size -= static_cast<std::size_t>(written);
  }
  return true;
}

// A rename is on the disk only once its folder is.
bool sync_folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const int handle = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY);
  if (handle < 0) return false;
  const bool synced = ::fsync(handle) == 0;
  ::close(handle);
  return synced;
}

}  // namespace

std::optional<std::vector<std::uint8_t>> read_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  std::vector<std::uint8_t> found;
  std::uint8_t piece[65536];
  ssize_t got = 0;
  while ((got = ::read(file, piece, sizeof piece)) > 0) {
    found.insert(found.end(), piece, piece + got);
  }
  ::close(file);
  if (got < 0) return std::nullopt;
  return found;
}

bool write_file(const std::string& path, const void* data, std::size_t size, unsigned mode) {
  const std::string beside = path + ".new";
  const int file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (file < 0) return false;
  const bool written =
      write_all(file, static_cast<const std::uint8_t*>(data), size) && ::fsync(file) == 0;
  const bool closed = ::close(file) == 0;
  if (!written || !closed || std::rename(beside.c_str(), path.c_str()) != 0) {
    ::unlink(beside.c_str());
    return false;
  }
  return sync_folder_of(path);
}

bool make_folders(const std::string& path) {
  std::error_code problem;
  std::filesystem::create_directories(path, problem);
  return std::filesystem::is_directory(path, problem);
}

}  // namespace skiclock::host
