// UTF-8, read from bytes that may be anything.
#include "contract/utf8.h"

namespace skiclock {
namespace {

// What a lead byte promises: how many bytes follow, and the bounds of the first of them, which
// exclude overlong forms, surrogates and what lies beyond U+10FFFF (Unicode 15, table 3-7).
struct Lead {
  std::uint8_t first, last;
  std::uint8_t followers;
  std::uint8_t low, high;
};
constexpr Lead kLeads[] = {
    {0xC2, 0xDF, 1, 0x80, 0xBF}, {0xE0, 0xE0, 2, 0xA0, 0xBF}, {0xE1, 0xEC, 2, 0x80, 0xBF},
    {0xED, 0xED, 2, 0x80, 0x9F}, {0xEE, 0xEF, 2, 0x80, 0xBF}, {0xF0, 0xF0, 3, 0x90, 0xBF},
    {0xF1, 0xF3, 3, 0x80, 0xBF}, {0xF4, 0xF4, 3, 0x80, 0x8F},
};

const Lead* lead_of(std::uint8_t byte) {
  for (const Lead& lead : kLeads) {
    if (byte >= lead.first && byte <= lead.last) return &lead;
  }
  return nullptr;
}

}  // namespace

std::uint32_t next_code_point(Text text, std::size_t* at) {
  const auto byte_at = [text](std::size_t i) { return static_cast<std::uint8_t>(text.data[i]); };
  const std::uint8_t first = byte_at((*at)++);
  if (first < 0x80) return first;
  const Lead* lead = lead_of(first);
  if (lead == nullptr) return kReplacementCharacter;
  std::uint32_t code_point = first & (0x3FU >> lead->followers);
  for (unsigned i = 0; i < lead->followers; ++i) {
    const unsigned low = i == 0 ? lead->low : 0x80;
    const unsigned high = i == 0 ? lead->high : 0xBF;
    if (*at >= text.size || byte_at(*at) < low || byte_at(*at) > high) {
      return kReplacementCharacter;
    }
    code_point = code_point << 6 | (byte_at((*at)++) & 0x3FU);
  }
  return code_point;
}

std::size_t write_code_point(std::uint32_t code_point, char out[4]) {
  if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF)) {
    code_point = kReplacementCharacter;
  }
  if (code_point < 0x80) {
    out[0] = static_cast<char>(code_point);
    return 1;
  }
  const std::size_t size = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
  for (std::size_t i = size - 1; i > 0; --i) {
    out[i] = static_cast<char>(0x80U | (code_point & 0x3FU));
    code_point >>= 6;
  }
  const std::uint32_t marks[] = {0, 0, 0xC0, 0xE0, 0xF0};
  out[0] = static_cast<char>(marks[size] | code_point);
  return size;
}

Text cut_to(Text text, std::size_t max_bytes) {
  if (text.size <= max_bytes) return text;
  std::size_t end = 0;
  std::size_t at = 0;
  while (at < text.size) {
    next_code_point(text, &at);
    if (at > max_bytes) break;
    end = at;
  }
  return {text.data, end};
}

}  // namespace skiclock
