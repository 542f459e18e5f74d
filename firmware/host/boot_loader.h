// What stays when the clock's program is replaced: chooses a slot, runs it, runs it again.
#pragma once

#include <string>

namespace skiclock::host {

// Flashes `own_program` into an empty folder, or where another one was flashed before, and runs
// what the boot flags say until it ends by itself. Returns the exit code of the whole.
int boot(const std::string& folder, const std::string& own_program, char** arguments);

}  // namespace skiclock::host
