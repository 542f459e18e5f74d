// The transcript: what a run says must be the same wherever it runs.
#pragma once

#include <cstdint>

#include "skiclock/ports.h"

void say(const char* text);
void say(skiclock::Text text);
void say_number(std::int64_t number);
void say_hex(skiclock::Bytes bytes);
// FNV-1a over the bytes, where the bytes themselves are too many.
void say_hash(skiclock::Bytes bytes);
