// Named records in bare flash, with the power cut at every byte.
#include <doctest/doctest.h>

#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "skiclock/store/flash_log.h"

namespace skiclock {
namespace {

// NOR flash: erasing sets bits, writing clears them. After `budget` bytes the power is gone.
class NorFlash : public FlashRegion {
 public:
  explicit NorFlash(FlashLayout layout) : bytes(layout.pages * layout.page_bytes, 0xFF) {}

  bool erase_sector(std::uint32_t offset) override {
    REQUIRE(offset % kSectorBytes == 0);
    for (std::uint32_t i = 0; i < kSectorBytes; ++i) {
      if (spend()) bytes.at(offset + i) = 0xFF;
    }
    return true;
  }
  bool write(std::uint32_t offset, Bytes piece) override {
    REQUIRE(offset % 4 == 0);
    REQUIRE(piece.size % 4 == 0);
    for (std::size_t i = 0; i < piece.size; ++i) {
      if (spend()) bytes.at(offset + i) &= piece.data[i];
    }
    return true;
  }
  bool read(std::uint32_t offset, std::uint8_t* buffer, std::size_t size) override {
    REQUIRE(offset + size <= bytes.size());
    std::memcpy(buffer, bytes.data() + offset, size);
    return true;
  }

  std::vector<std::uint8_t> bytes;
  std::size_t spent = 0;
  std::optional<std::size_t> budget;

 private:
  bool spend() { return !budget || spent < *budget ? (++spent, true) : false; }
};

bool put(FlashLog& log, const char* key, const std::string& text) {
  return log.write(key, Bytes{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

std::string get(FlashLog& log, const char* key) {
  std::uint8_t buffer[3000];
  const std::size_t size = log.read(key, buffer, sizeof buffer);
  return std::string(buffer, buffer + size);
}

char letter(int number) { return static_cast<char>('a' + number % 26); }

constexpr FlashLayout kTwoPages{2, kSectorBytes};

TEST_CASE("an empty flash holds nothing, and what is written is read after a restart") {
  NorFlash flash(kTwoPages);
  FlashLog log(flash, kTwoPages);
  CHECK(get(log, "settings").empty());
  REQUIRE(put(log, "settings", "blue"));
  REQUIRE(put(log, "result", "x"));
  REQUIRE(put(log, "settings", "a longer one"));
  CHECK(get(log, "settings") == "a longer one");
  FlashLog restarted(flash, kTwoPages);
  CHECK(get(restarted, "settings") == "a longer one");
  CHECK(get(restarted, "result") == "x");
  CHECK(get(restarted, "res").empty());
}

TEST_CASE("an erased record is gone, also after its page was left") {
  NorFlash flash(kTwoPages);
  FlashLog log(flash, kTwoPages);
  REQUIRE(put(log, "result", "pending"));
  REQUIRE(log.erase("result"));
  REQUIRE(log.erase("never"));
  CHECK(get(log, "result").empty());
  for (int i = 0; i < 400; ++i) REQUIRE(put(log, "journal", std::string(60, 'j')));
  FlashLog restarted(flash, kTwoPages);
  CHECK(get(restarted, "result").empty());
  CHECK(get(restarted, "journal") == std::string(60, 'j'));
}

TEST_CASE("a record larger than the reader's buffer is not read in part") {
  NorFlash flash(kTwoPages);
  FlashLog log(flash, kTwoPages);
  REQUIRE(put(log, "settings", "12345"));
  std::uint8_t small[4];
  CHECK(log.read("settings", small, sizeof small) == 0);
}

TEST_CASE("what does not fit is refused and changes nothing") {
  NorFlash flash(kTwoPages);
  FlashLog log(flash, kTwoPages);
  REQUIRE(put(log, "settings", std::string(2000, 's')));
  CHECK_FALSE(put(log, "identity", std::string(2500, 'i')));
  CHECK_FALSE(put(log, "", "no name"));
  CHECK_FALSE(put(log, "sixteen_letters_", "name too long"));
  CHECK(get(log, "settings") == std::string(2000, 's'));
  CHECK(get(log, "identity").empty());
  REQUIRE(put(log, "settings", "small again"));
  CHECK(get(log, "settings") == "small again");
}

TEST_CASE("many writes wander over all pages, so that each sector is erased as often") {
  constexpr FlashLayout kFourPages{4, 2 * kSectorBytes};
  NorFlash flash(kFourPages);
  FlashLog log(flash, kFourPages);
  for (int i = 0; i < 1000; ++i) REQUIRE(put(log, "journal", std::string(100, letter(i))));
  CHECK(get(log, "journal") == std::string(100, letter(999)));
  for (std::uint32_t page = 0; page < kFourPages.pages; ++page) {
    CHECK(flash.bytes.at(page * kFourPages.page_bytes) != 0xFF);
  }
}

TEST_CASE("flash that was never ours is taken as empty") {
  NorFlash flash(kTwoPages);
  for (std::size_t i = 0; i < flash.bytes.size(); ++i) {
    flash.bytes[i] = static_cast<std::uint8_t>(i * 2654435761U >> 13);
  }
  FlashLog log(flash, kTwoPages);
  CHECK(get(log, "settings").empty());
  REQUIRE(put(log, "settings", "ours"));
  FlashLog restarted(flash, kTwoPages);
  CHECK(get(restarted, "settings") == "ours");
}

TEST_CASE("a power cut at any byte leaves the old value or the new one, and all others") {
  // Once in the middle of a page, once where the page is full and all is copied.
  for (const int writes_before : {3, 54}) {
    NorFlash before(kTwoPages);
    FlashLog first(before, kTwoPages);
    REQUIRE(put(first, "settings", std::string(300, 's')));
    REQUIRE(put(first, "identity", std::string(500, 'i')));
    for (int i = 0; i < writes_before; ++i) REQUIRE(put(first, "journal", std::string(37, 'o')));

    NorFlash whole = before;
    whole.spent = 0;
    FlashLog uncut(whole, kTwoPages);
    REQUIRE(put(uncut, "journal", std::string(41, 'n')));
    const std::size_t bytes = whole.spent;

    for (std::size_t cut = 0; cut <= bytes; ++cut) {
      NorFlash flash = before;
      flash.spent = 0;
      flash.budget = cut;
      FlashLog dying(flash, kTwoPages);
      put(dying, "journal", std::string(41, 'n'));
      flash.budget.reset();

      FlashLog restarted(flash, kTwoPages);
      const std::string journal = get(restarted, "journal");
      const bool is_old_or_new = journal == std::string(37, 'o') || journal == std::string(41, 'n');
      REQUIRE(is_old_or_new);
      if (cut == bytes) REQUIRE(journal == std::string(41, 'n'));
      REQUIRE(get(restarted, "settings") == std::string(300, 's'));
      REQUIRE(get(restarted, "identity") == std::string(500, 'i'));
      REQUIRE(put(restarted, "journal", "after"));
      REQUIRE(get(restarted, "journal") == "after");
      FlashLog again(flash, kTwoPages);
      REQUIRE(get(again, "journal") == "after");
      REQUIRE(get(again, "settings") == std::string(300, 's'));
    }
  }
}

TEST_CASE("a sector that takes no more bytes is left for the next page") {
  class WornFlash : public NorFlash {
   public:
    using NorFlash::NorFlash;
    bool write(std::uint32_t offset, Bytes piece) override {
      return offset / kSectorBytes != worn_sector && NorFlash::write(offset, piece);
    }
    std::uint32_t worn_sector = 99;
  };
  WornFlash flash(kTwoPages);
  FlashLog log(flash, kTwoPages);
  REQUIRE(put(log, "settings", "kept"));
  flash.worn_sector = 0;
  REQUIRE(put(log, "journal", "elsewhere"));
  CHECK(get(log, "settings") == "kept");
  CHECK(get(log, "journal") == "elsewhere");
  CHECK_FALSE(put(log, "journal", std::string(4030, 'x')));
  CHECK(get(log, "journal") == "elsewhere");
}

}  // namespace
}  // namespace skiclock
