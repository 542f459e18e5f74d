// The application slot that does not run, and the boot loader's trial of a new image.
#include "slot.h"

#include <esp_system.h>

// The Arduino core asks before it calls a new image good in the name of the sketch. It is not
// good yet: it has to reach the server first.
extern "C" bool verifyRollbackLater() { return true; }

namespace skiclock {

std::uint32_t Slot::capacity_bytes() {
  const esp_partition_t* partition = esp_ota_get_next_update_partition(nullptr);
  return partition == nullptr ? 0 : partition->size;
}

bool Slot::begin(std::uint32_t image_bytes) {
  abandon();
  const esp_partition_t* partition = esp_ota_get_next_update_partition(nullptr);
  if (partition == nullptr || image_bytes > partition->size) return false;
  // Erased as it is written: erasing all of it would stop the clock for ten seconds.
  if (esp_ota_begin(partition, OTA_WITH_SEQUENTIAL_WRITES, &handle_) != ESP_OK) return false;
  partition_ = partition;
  return true;
}

bool Slot::write(Bytes piece) {
  return partition_ != nullptr && esp_ota_write(handle_, piece.data, piece.size) == ESP_OK;
}

bool Slot::read(std::uint32_t offset, std::uint8_t* buffer, std::size_t size) {
  return partition_ != nullptr && esp_partition_read(partition_, offset, buffer, size) == ESP_OK;
}

bool Slot::activate() {
  if (partition_ == nullptr) return false;
  const esp_partition_t* partition = partition_;
  partition_ = nullptr;
  return esp_ota_end(handle_) == ESP_OK && esp_ota_set_boot_partition(partition) == ESP_OK;
}

void Slot::abandon() {
  if (partition_ != nullptr) esp_ota_abort(handle_);
  partition_ = nullptr;
}

BootState Slot::boot_state() {
  esp_ota_img_states_t state = ESP_OTA_IMG_UNDEFINED;
  const esp_err_t result = esp_ota_get_state_partition(esp_ota_get_running_partition(), &state);
  return result == ESP_OK && state == ESP_OTA_IMG_PENDING_VERIFY ? BootState::kOnTrial
                                                                 : BootState::kConfirmed;
}

bool Slot::can_roll_back() { return true; }

void Slot::confirm() { esp_ota_mark_app_valid_cancel_rollback(); }

void Slot::roll_back() {
  if (boot_state() == BootState::kOnTrial) {
    esp_ota_mark_app_invalid_rollback_and_reboot();
    return;
  }
  // A confirmed image that is told to go: the other slot boots if it holds a whole image.
  const esp_partition_t* other = esp_ota_get_next_update_partition(nullptr);
  if (other != nullptr && esp_ota_set_boot_partition(other) == ESP_OK) esp_restart();
}

}  // namespace skiclock
