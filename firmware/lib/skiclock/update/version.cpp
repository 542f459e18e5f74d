// Firmware versions.
#include "skiclock/update/version.h"

namespace skiclock {
namespace {

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

// Takes a number of `least` to `most` digits off the front of the text.
bool take_number(Text* rest, std::size_t least, std::size_t most, std::uint32_t* number) {
  *number = 0;
  std::size_t digits = 0;
  while (digits < rest->size && is_digit(rest->data[digits])) {
    if (++digits > most) return false;
    *number = *number * 10 + static_cast<std::uint32_t>(rest->data[digits - 1] - '0');
  }
  *rest = {rest->data + digits, rest->size - digits};
  return digits >= least;
}

bool take_letter(Text* rest, char letter) {
  if (rest->size == 0 || rest->data[0] != letter) return false;
  *rest = {rest->data + 1, rest->size - 1};
  return true;
}

}  // namespace

bool parse_version(Text version, VersionKey* key) {
  Text rest = version;
  VersionKey& parts = *key;
  parts = {};
  if (take_letter(&rest, 'v')) {
    return take_number(&rest, 1, 9, &parts[1]) && take_letter(&rest, '.') &&
           take_number(&rest, 1, 9, &parts[2]) && take_letter(&rest, '.') &&
           take_number(&rest, 1, 9, &parts[3]) && rest.size == 0;
  }
  parts[0] = 1;
  return take_number(&rest, 4, 4, &parts[1]) && take_letter(&rest, '.') &&
         take_number(&rest, 1, 2, &parts[2]) && take_letter(&rest, '.') &&
         take_number(&rest, 1, 2, &parts[3]) && take_letter(&rest, '.') &&
         take_number(&rest, 1, 9, &parts[4]) && rest.size == 0;
}

bool is_newer(Text candidate, Text running) {
  VersionKey candidate_key;
  VersionKey running_key;
  if (!parse_version(candidate, &candidate_key)) return false;
  return !parse_version(running, &running_key) || candidate_key > running_key;
}

}  // namespace skiclock
