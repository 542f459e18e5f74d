// The clock's records as files in one folder.
#include "store.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "files.h"

namespace skiclock::host {

FileStore::FileStore(std::string folder, const Faults& faults)
    : folder_(std::move(folder)), faults_(faults) {
  make_folders(folder_);
}

std::size_t FileStore::read(const char* key, std::uint8_t* buffer, std::size_t capacity) {
  const auto record = read_file(path_of(key));
  if (!record || record->size() > capacity) return 0;
  std::copy(record->begin(), record->end(), buffer);
  return record->size();
}

bool FileStore::write(const char* key, Bytes record) {
  return !faults_.flash_is_full && write_file(path_of(key), record.data, record.size);
}

bool FileStore::erase(const char* key) {
  return ::unlink(path_of(key).c_str()) == 0 || errno == ENOENT;
}

std::string FileStore::path_of(const char* key) const { return folder_ + "/" + key; }

}  // namespace skiclock::host
