// Who a clock is to be: the roots that came with it.
#include "skiclock/config/identity.h"

#include <cstring>

namespace skiclock {
namespace {

constexpr char kBegin[] = "-----BEGIN CERTIFICATE-----\n";
constexpr char kEnd[] = "-----END CERTIFICATE-----\n";
constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kLineLength = 64;

constexpr std::size_t pem_size(std::size_t der_size) {
  const std::size_t characters = (der_size + 2) / 3 * 4;
  const std::size_t lines = (characters + kLineLength - 1) / kLineLength;
  return sizeof kBegin - 1 + characters + lines + sizeof kEnd - 1;
}

static_assert(2 * pem_size(kRootCapacity - kRecordHeaderBytes) < kRootsPemCapacity,
              "two roots of full size must fit, terminated");

// The four characters of up to three bytes.
void write_group(Bytes bytes, char* out) {
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < 3; ++i) bits = bits << 8 | (i < bytes.size ? bytes.data[i] : 0U);
  for (std::size_t i = 0; i < 4; ++i) {
    out[i] = i <= bytes.size ? kBase64[bits >> (18 - 6 * i) & 63U] : '=';
  }
}

// `der` may lie in the same buffer, far enough behind `pem` never to be overtaken.
char* write_pem(Bytes der, char* pem) {
  std::memcpy(pem, kBegin, sizeof kBegin - 1);
  pem += sizeof kBegin - 1;
  std::size_t column = 0;
  for (std::size_t at = 0; at < der.size; at += 3) {
    const std::size_t left = der.size - at;
    write_group({der.data + at, left < 3 ? left : 3}, pem);
    pem += 4;
    column += 4;
    if (column < kLineLength && left > 3) continue;
    *pem++ = '\n';
    column = 0;
  }
  std::memcpy(pem, kEnd, sizeof kEnd - 1);
  return pem + sizeof kEnd - 1;
}

std::size_t copy_built_in(const char* roots, char* pem, std::size_t capacity) {
  pem[0] = '\0';
  const std::size_t size = roots == nullptr ? 0 : std::strlen(roots);
  if (size >= capacity) return 0;
  if (size > 0) std::memcpy(pem, roots, size + 1);
  return size;
}

}  // namespace

bool read_root(StorePort& store, std::size_t number, std::uint8_t* buffer, std::size_t capacity,
               Bytes* der) {
  const std::size_t size = store.read(kRootKeys[number], buffer, capacity);
  Record record;
  if (!open_record({buffer, size}, RecordKind::kRoot, &record)) return false;
  *der = record.payload;
  return der->size > 0;
}

std::size_t read_roots_pem(StorePort& store, const BuildDefaults& defaults, char* pem,
                           std::size_t capacity) {
  if (capacity < kRootsPemCapacity) return 0;
  char* at = pem;
  // Each is read to the end of the buffer and unpacked towards it.
  std::uint8_t* scratch = reinterpret_cast<std::uint8_t*>(pem) + capacity - kRootCapacity;
  for (std::size_t i = 0; i < 2; ++i) {
    Bytes der;
    if (read_root(store, i, scratch, kRootCapacity, &der)) at = write_pem(der, at);
  }
  if (at == pem) return copy_built_in(defaults.roots_pem, pem, capacity);
  *at = '\0';
  return static_cast<std::size_t>(at - pem);
}

}  // namespace skiclock
