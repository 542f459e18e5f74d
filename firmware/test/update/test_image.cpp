// Which images fit and can boot.
#include <doctest/doctest.h>

#include <string>

#include "fakes/fake_slot.h"
#include "skiclock/update/capacity.h"
#include "skiclock/update/image.h"

using namespace skiclock;

namespace {

// An ESP-01: 1 MB, images may lie below its last 20 kB.
constexpr std::uint32_t kAreaEnd = 0xFB000;

// The problem with an image of these bytes; "" where there is none.
std::string problem(const std::string& image, ImageKind kind) {
  fakes::FakeSlot slot("old", 1 << 20);
  REQUIRE(slot.begin(static_cast<std::uint32_t>(image.size())));
  REQUIRE(slot.write(bytes_of(Text{image.data(), image.size()})));
  const char* const words =
      problem_with_image(slot, static_cast<std::uint32_t>(image.size()), kind, kAreaEnd);
  return words == nullptr ? "" : words;
}

std::string gzip(std::uint32_t packed_bytes, std::uint32_t unpacked_bytes) {
  std::string image = "\x1F\x8B" + std::string(packed_bytes - 6, 'x');
  for (int shift = 0; shift < 32; shift += 8) {
    image += static_cast<char>(unpacked_bytes >> shift & 0xFF);
  }
  return image;
}

const std::string kRaw = "\xE9 program";
const char kWrongChip[] = "this is not an image for this chip";
const char kTooLarge[] = "the image does not fit once it is unpacked";

}  // namespace

TEST_CASE("sizes are rounded up to flash sectors") {
  CHECK(in_sectors(0) == 0);
  CHECK(in_sectors(1) == 4096);
  CHECK(in_sectors(4096) == 4096);
  CHECK(in_sectors(4097) == 8192);
  CHECK(in_sectors(0xFFFFFFFF) == 0xFFFFF000);
}

TEST_CASE("an ESP8266 can be sent what is free behind the running program") {
  CHECK(free_area_bytes(590000, kAreaEnd) == kAreaEnd - 593920);
  CHECK(free_area_bytes(kAreaEnd, kAreaEnd) == 0);
  CHECK(free_area_bytes(0xFFFFFFFF, kAreaEnd) == 0);
  CHECK(free_area_bytes(0, 5000) == 4096);
}

TEST_CASE("two raw images of a TLS build do not fit an ESP-01, a packed one does") {
  CHECK(free_area_bytes(590000, kAreaEnd) < 590000);
  CHECK(free_area_bytes(590000, kAreaEnd) >= 403000);
  CHECK(can_unpack(403000, 590000, kAreaEnd));
}

TEST_CASE("an image that would be unpacked over itself does not fit") {
  const std::uint32_t free_sectors = (kAreaEnd - in_sectors(403000)) / kFlashSectorBytes;
  CHECK(can_unpack(403000, free_sectors * kFlashSectorBytes, kAreaEnd));
  CHECK_FALSE(can_unpack(403000, free_sectors * kFlashSectorBytes + 1, kAreaEnd));
  CHECK_FALSE(can_unpack(1, 0xFFFFFFFF, kAreaEnd));
  CHECK_FALSE(can_unpack(403000, 1, 0));
}

TEST_CASE("each chip takes its own kind of image") {
  CHECK(problem("anything", ImageKind::kAny) == "");
  CHECK(problem(kRaw, ImageKind::kEspImage) == "");
  CHECK(problem(kRaw, ImageKind::kEspImageOrGzip) == "");
  CHECK(problem("\x7F"
                "ELF...",
                ImageKind::kEspImage) == kWrongChip);
  CHECK(problem("\x7F"
                "ELF...",
                ImageKind::kEspImageOrGzip) == kWrongChip);
  CHECK(problem("\xE9", ImageKind::kEspImage) == kWrongChip);
  CHECK(problem(gzip(100, 200), ImageKind::kEspImage) == kWrongChip);
}

TEST_CASE("a packed image is taken where it fits unpacked") {
  CHECK(problem(gzip(403000, 590000), ImageKind::kEspImageOrGzip) == "");
  CHECK(problem(gzip(403000, 700000), ImageKind::kEspImageOrGzip) == kTooLarge);
  CHECK(problem(gzip(403000, 0xFFFFFFFF), ImageKind::kEspImageOrGzip) == kTooLarge);
}

TEST_CASE("flash that cannot be read is said so") {
  fakes::FakeSlot slot("old", 100);
  CHECK(std::string(problem_with_image(slot, 1000, ImageKind::kEspImage, 0)) ==
        "the flash could not be read back");
}
