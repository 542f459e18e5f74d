// What is compiled into this program: as in firmware for the boards, from build flags.
#pragma once

namespace skiclock::host {

// YYYY.M.D.BUILD
const char* build_version();
// The uncompressed points in hex, "" where none is compiled in.
const char* build_public_key();
const char* build_public_key_next();

// A fault that a build is given on purpose, to see a fleet survive a bad one.
enum class Defect {
  kNone,
  kNoNetwork,  // its Wi-Fi never comes up
  kCrash,      // it ends in its first second
};
Defect build_defect();

}  // namespace skiclock::host
