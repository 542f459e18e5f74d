// Who a clock is to be, written by the server when the clock is flashed (backend/contract/
// identity.py): where its server is, its name, its own user name and password, up to two CA roots.
//
// Three records in the envelope of record.h, format version 1, under these keys of StorePort:
//   "identity"   kind 'I', at most 832 bytes: entries, each a setting (tags and text forms of
//                fields.h; what is absent comes from the build), and
//                tag 4: how many roots follow, "0" to "2"
//   "root1"      kind 'R', at most 1632 bytes: a CA certificate in DER
//   "root2"      the same; the second of two roots, for the time in which one follows the other
//
// Where they lie: on the ESP32 family in NVS, namespace "skiclock", as blobs under these keys; on
// the ESP8266 in a sector of their own (4096 bytes, else 0xFF) at these offsets: 0 "identity",
// 832 "root1", 2464 "root2"; on Linux in files. They are apart so that the roots, which are
// needed only while a connection is opened, need not be in RAM at other times; and in DER because
// a root in PEM (ISRG Root X1: 1939 bytes) would not leave room for a second one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "skiclock/config/record.h"
#include "skiclock/config/settings.h"

namespace skiclock {

inline constexpr char kIdentityKey[] = "identity";
inline constexpr const char* kRootKeys[] = {"root1", "root2"};
inline constexpr std::size_t kIdentityCapacity = 832;
inline constexpr std::size_t kRootCapacity = 1632;
inline constexpr std::size_t kRoot1Offset = kIdentityCapacity;
inline constexpr std::size_t kRoot2Offset = kIdentityCapacity + kRootCapacity;
inline constexpr std::size_t kIdentitySectorBytes = 4096;
static_assert(kRoot2Offset + kRootCapacity == kIdentitySectorBytes, "the sector is used up");

inline constexpr std::uint8_t kRootCountTag = 4;
// Of two roots in PEM, terminated; 64 characters a line.
inline constexpr std::size_t kRootsPemCapacity = 4512;

// Reads one root (0 or 1) in DER; it lies inside `buffer`, of kRootCapacity bytes. False: there is
// none, or it is damaged.
bool read_root(StorePort& store, std::size_t number, std::uint8_t* buffer, std::size_t capacity,
               Bytes* der);

// Writes the provisioned roots in PEM, or where there are none the built-in ones; terminated.
// Returns its length, 0 where there is no root at all. `capacity`: kRootsPemCapacity.
std::size_t read_roots_pem(StorePort& store, const BuildDefaults& defaults, char* pem,
                           std::size_t capacity);

}  // namespace skiclock
