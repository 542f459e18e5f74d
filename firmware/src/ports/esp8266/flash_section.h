// Included before everything else: where lib/'s larger tables go, since the ESP8266 copies every
// other constant into its RAM. They are read in whole words (skiclock/flash.h).
#pragma once

#define SKICLOCK_FLASH __attribute__((section(".irom.text.skiclock"), aligned(4)))
