// What is compiled into this program: as in firmware for the boards, from build flags.
#include "build.h"

#ifndef FIRMWARE_VERSION
#error "FIRMWARE_VERSION is not set: build with cmake -DFIRMWARE_VERSION=YYYY.M.D.BUILD"
#endif
#ifndef FIRMWARE_PUBLIC_KEY
#define FIRMWARE_PUBLIC_KEY ""
#endif
#ifndef FIRMWARE_PUBLIC_KEY_NEXT
#define FIRMWARE_PUBLIC_KEY_NEXT ""
#endif
#ifndef SKICLOCK_DEFECT
#define SKICLOCK_DEFECT kNone
#endif

namespace skiclock::host {

const char* build_version() { return FIRMWARE_VERSION; }
const char* build_public_key() { return FIRMWARE_PUBLIC_KEY; }
const char* build_public_key_next() { return FIRMWARE_PUBLIC_KEY_NEXT; }
Defect build_defect() { return Defect::SKICLOCK_DEFECT; }

}  // namespace skiclock::host
