// What the clock needs of the machine that it runs on: one small class a capability.
//
// Implemented in src/ports (ESP32, ESP8266), host/ (Linux) and test/ (fakes). All calls come
// from the main loop unless said otherwise. None may block for longer than it says, none may
// throw, none keeps a pointer that it was handed. Time is handed in, never asked for.
#pragma once

#include <cstddef>
#include <cstdint>

#include "contract/bytes.h"

namespace skiclock {

struct Frame;    // display/frame.h
struct Palette;  // display/frame.h

// The LED panels. Called from the display's own task or ticker on the chips.
class PanelPort {
 public:
  virtual ~PanelPort() = default;
  // Copies the frame to the LEDs; the palette is already dimmed and within the current limit.
  // May take as long as the wire does (30 us an LED), never longer.
  virtual void show(const Frame& frame, const Palette& palette) = 0;
};

// The push button. Called every loop; returns the raw contact, bouncing included.
class ButtonPort {
 public:
  virtual ~ButtonPort() = default;
  virtual bool is_pressed() = 0;
};

// Answer of a sensor that takes its time.
enum class Reading : std::uint8_t {
  kPending,  // ask again later
  kReady,    // the value is there
  kAbsent,   // no sensor is fitted
  kFailed,   // it answers nonsense (checksum, short circuit)
};

// A DS18B20. `read` starts a conversion where none runs and returns at once.
class ThermometerPort {
 public:
  virtual ~ThermometerPort() = default;
  virtual Reading read(std::int16_t* tenths_celsius) = 0;
};

// A battery-backed clock (DS3231), in UTC. Returns false where none is fitted or its battery died.
class RtcPort {
 public:
  virtual ~RtcPort() = default;
  virtual bool read(std::int64_t* unix_s) = 0;
  virtual bool write(std::int64_t unix_s) = 0;
};

// Datagrams, for SNTP. Names are resolved by the port; `send` may block for at most 1 s to do so.
class UdpPort {
 public:
  virtual ~UdpPort() = default;
  virtual bool send(const char* host, std::uint16_t port, Bytes datagram) = 0;
  // Returns the size of a datagram that has come, 0 where none has.
  virtual std::size_t receive(std::uint8_t* buffer, std::size_t capacity) = 0;
};

// Wi-Fi as the clock sees it. Reconnecting is the port's work, in the background.
class NetworkPort {
 public:
  virtual ~NetworkPort() = default;
  virtual bool is_up() = 0;
  virtual std::int16_t rssi_dbm() = 0;
  // Both write a terminated text, cut to `capacity` bytes. The SSID may hold any bytes.
  virtual void ssid(char* buffer, std::size_t capacity) = 0;
  virtual void ip_address(char* buffer, std::size_t capacity) = 0;
  // Whether the captive portal is open now, and a wish to open it.
  virtual bool is_portal_open() = 0;
  virtual void open_portal() = 0;
  // What a person must type to join the portal's network, for the panel; "" where it is open.
  virtual const char* portal_password() { return ""; }
  // Remembers a network and tries it; the outcome shows in `is_up`. False: cannot be stored.
  virtual bool add_network(const char* ssid, const char* password) = 0;
  virtual void forget_networks() = 0;
};

// How a peer proves who it is.
enum class Trust : std::uint8_t {
  kVerified,  // TLS, its certificate checked against the roots
  kInsecure,  // TLS, nothing checked (as first-generation clocks do); reported in heartbeats
  kPlain,     // no TLS
};

struct Endpoint {
  const char* host = "";
  std::uint16_t port = 0;
  Trust trust = Trust::kVerified;
  // One or two roots in PEM, one behind the other; unused unless `kVerified`.
  const char* roots_pem = "";
};

enum class StreamState : std::uint8_t { kClosed, kOpening, kOpen };

// One TCP or TLS connection. `open` may block for at most 15 s on a chip (its display has a task
// of its own), not at all on the host; everything else returns at once.
class StreamPort {
 public:
  virtual ~StreamPort() = default;
  virtual void open(const Endpoint& endpoint) = 0;
  virtual StreamState state() = 0;
  // Return the number of bytes moved, 0 where nothing can be moved now. A connection that broke
  // shows in `state`; bytes that arrived before are still read.
  virtual std::size_t read(std::uint8_t* buffer, std::size_t capacity) = 0;
  virtual std::size_t write(Bytes bytes) = 0;
  virtual void close() = 0;
  // Why the last connection could not be opened or ended, in a few words; "" where unknown.
  virtual const char* problem() = 0;
};

// Small named records that survive a power cut: a write happens whole or not at all.
// Keys have at most 15 characters (an NVS limit).
class StorePort {
 public:
  virtual ~StorePort() = default;
  // Returns the size of the record, 0 where there is none or it is larger than `capacity`.
  virtual std::size_t read(const char* key, std::uint8_t* buffer, std::size_t capacity) = 0;
  virtual bool write(const char* key, Bytes record) = 0;
  virtual bool erase(const char* key) = 0;
};

// What the boot loader thinks of the program that runs.
enum class BootState : std::uint8_t {
  kConfirmed,  // stays
  kOnTrial,    // falls back at the next restart unless confirmed (ESP32 family, Linux)
};

// The other application slot. One image at a time; a power cut before `activate` leaves the
// running program as it was.
class SlotPort {
 public:
  virtual ~SlotPort() = default;
  virtual std::uint32_t capacity_bytes() = 0;
  // Forgets what was written before. May block for a flash erase (at most 3 s).
  virtual bool begin(std::uint32_t image_bytes) = 0;
  // Appends. False: the flash refused, the update is over.
  virtual bool write(Bytes piece) = 0;
  // Reads back what was written, so that what is verified is what is stored.
  virtual bool read(std::uint32_t offset, std::uint8_t* buffer, std::size_t size) = 0;
  // Makes the written image the one that boots next. Called only once it is verified.
  virtual bool activate() = 0;
  virtual void abandon() = 0;
  virtual BootState boot_state() = 0;
  // Whether the chip's boot loader can go back by itself (the ESP8266's cannot).
  virtual bool can_roll_back() = 0;
  virtual void confirm() = 0;
  // Restarts into the previous image; returns only where there is none.
  virtual void roll_back() = 0;
};

// SHA-256, a piece at a time.
class Sha256Port {
 public:
  virtual ~Sha256Port() = default;
  virtual void begin() = 0;
  virtual void add(Bytes piece) = 0;
  virtual void finish(std::uint8_t digest[32]) = 0;
};

// ECDSA over P-256. `public_key` is the uncompressed point (65 bytes, 0x04 first), `signature`
// is DER. May block for 1 s on the ESP8266.
class SignaturePort {
 public:
  virtual ~SignaturePort() = default;
  virtual bool verify(const std::uint8_t public_key[65], const std::uint8_t digest[32],
                      Bytes signature) = 0;
};

// The chip itself.
class SystemPort {
 public:
  virtual ~SystemPort() = default;
  virtual void restart() = 0;
  // One word: power_on, software, watchdog, panic, brownout, external, deep_sleep, unknown.
  virtual const char* reset_reason() = 0;
  virtual std::uint32_t free_heap_bytes() = 0;
  virtual std::uint32_t min_free_heap_bytes() = 0;
  virtual std::uint32_t random() = 0;
};

// The serial line, for Improv.
class SerialPort {
 public:
  virtual ~SerialPort() = default;
  virtual std::size_t read(std::uint8_t* buffer, std::size_t capacity) = 0;
  virtual void write(Bytes bytes) = 0;
};

}  // namespace skiclock
