// The clock's records as files in one folder.
#pragma once

#include <string>

#include "faults.h"
#include "skiclock/ports.h"

namespace skiclock::host {

class FileStore : public StorePort {
 public:
  FileStore(std::string folder, const Faults& faults);
  std::size_t read(const char* key, std::uint8_t* buffer, std::size_t capacity) override;
  bool write(const char* key, Bytes record) override;
  bool erase(const char* key) override;

 private:
  std::string path_of(const char* key) const;

  std::string folder_;
  const Faults& faults_;
};

}  // namespace skiclock::host
