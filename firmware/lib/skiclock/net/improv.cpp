// Improv Serial, version 1: answers a browser, and watches whether its network lets us in.
#include "skiclock/net/improv.h"

namespace skiclock {
namespace {

constexpr std::size_t kPasswordBytes = 64;
constexpr int kReadsPerPoll = 8;

// Takes a text with its length in front off the arguments; false where it is not there as a whole.
bool take_text(Bytes* arguments, Text* text) {
  if (arguments->size == 0) return false;
  const std::size_t size = arguments->data[0];
  if (arguments->size - 1 < size) return false;
  *text = text_of(Bytes{arguments->data + 1, size});
  *arguments = {arguments->data + 1 + size, arguments->size - 1 - size};
  return true;
}

bool copy(Text text, char* buffer, std::size_t capacity) {
  const bool holds_nul = std::memchr(text.data, '\0', text.size) != nullptr;
  if (text.size >= capacity || holds_nul) return false;
  std::memcpy(buffer, text.data, text.size);
  buffer[text.size] = '\0';
  return true;
}

}  // namespace

void Improv::poll(std::uint32_t now_ms) {
  std::uint8_t bytes[64];
  for (int i = 0; i < kReadsPerPoll; ++i) {
    const std::size_t size = serial_.read(bytes, sizeof bytes);
    if (size == 0) break;
    for (std::size_t at = 0; at < size; ++at) {
      const ImprovReader::Result result = reader_.take(bytes[at]);
      if (result == ImprovReader::Result::kPacket) handle(reader_.packet(), now_ms);
      if (result == ImprovReader::Result::kBroken) send_error(ImprovError::kInvalidPacket);
    }
  }
  watch_connection(now_ms);
}

void Improv::handle(const ImprovPacket& packet, std::uint32_t now_ms) {
  // What devices send may come back to us from a terminal that echoes.
  if (packet.type != ImprovType::kCommand) return;
  const bool is_well_formed = packet.data.size >= 2 && packet.data.size == packet.data.data[1] + 2U;
  if (!is_well_formed) return send_error(ImprovError::kInvalidPacket);
  const auto command = static_cast<ImprovCommand>(packet.data.data[0]);
  handle_command(command, {packet.data.data + 2, packet.data.size - 2}, now_ms);
}

void Improv::handle_command(ImprovCommand command, Bytes arguments, std::uint32_t now_ms) {
  const char* const about[] = {device_.firmware, device_.version, device_.chip, device_.name};
  switch (command) {
    case ImprovCommand::kWifiSettings:
      return take_wifi(arguments, now_ms);
    case ImprovCommand::kCurrentState:
      send_error(ImprovError::kNone);
      watch_connection(now_ms);
      send_state();
      if (state_ == ImprovState::kProvisioned) send_url(command);
      return;
    case ImprovCommand::kDeviceInfo:
      send_error(ImprovError::kNone);
      return send_result(command, about, 4);
    case ImprovCommand::kNetworks:
      send_error(ImprovError::kNone);
      return send_result(command, nullptr, 0);
  }
  send_error(ImprovError::kUnknownCommand);
}

void Improv::take_wifi(Bytes arguments, std::uint32_t now_ms) {
  Text ssid;
  Text password;
  char ssid_copy[sizeof ssid_] = "";
  char password_copy[kPasswordBytes + 1];
  const bool good = take_text(&arguments, &ssid) && take_text(&arguments, &password) &&
                    arguments.size == 0 && ssid.size > 0 &&
                    copy(ssid, ssid_copy, sizeof ssid_copy) &&
                    copy(password, password_copy, sizeof password_copy);
  if (!good) return send_error(ImprovError::kInvalidPacket);
  send_error(ImprovError::kNone);
  std::memcpy(ssid_, ssid_copy, sizeof ssid_);
  if (!network_.add_network(ssid_, password_copy)) return send_error(ImprovError::kUnknown);
  began_ms_ = now_ms;
  set_state(ImprovState::kProvisioning);
}

void Improv::watch_connection(std::uint32_t now_ms) {
  if (state_ != ImprovState::kProvisioning) {
    const ImprovState seen = network_.is_up() ? ImprovState::kProvisioned : ImprovState::kReady;
    if (seen != state_) set_state(seen);
    return;
  }
  if (is_on_wanted_network()) {
    set_state(ImprovState::kProvisioned);
    send_url(ImprovCommand::kWifiSettings);
  } else if (now_ms - began_ms_ >= kConnectMs) {
    send_error(ImprovError::kUnableToConnect);
    set_state(network_.is_up() ? ImprovState::kProvisioned : ImprovState::kReady);
  }
}

// The network that it was on before does not count.
bool Improv::is_on_wanted_network() {
  char ssid[sizeof ssid_];
  if (!network_.is_up()) return false;
  network_.ssid(ssid, sizeof ssid);
  return text_of(ssid) == text_of(ssid_);
}

void Improv::set_state(ImprovState state) {
  state_ = state;
  send_state();
}

void Improv::send_state() {
  const auto state = static_cast<std::uint8_t>(state_);
  send(ImprovType::kCurrentState, {&state, 1});
}

void Improv::send_error(ImprovError error) {
  const auto code = static_cast<std::uint8_t>(error);
  send(ImprovType::kErrorState, {&code, 1});
}

void Improv::send_result(ImprovCommand command, const char* const* texts, std::size_t count) {
  std::uint8_t data[160];
  std::size_t size = 2;
  for (std::size_t i = 0; i < count; ++i) {
    const Text text = text_of(texts[i]);
    // One that does not fit is sent empty: the order of the texts is their meaning.
    const std::size_t kept = text.size < sizeof data - size - (count - i) ? text.size : 0;
    data[size++] = static_cast<std::uint8_t>(kept);
    std::memcpy(data + size, text.data, kept);
    size += kept;
  }
  data[0] = static_cast<std::uint8_t>(command);
  data[1] = static_cast<std::uint8_t>(size - 2);
  send(ImprovType::kResult, {data, size});
}

void Improv::send_url(ImprovCommand command) {
  const bool has_url = device_.url[0] != '\0';
  send_result(command, &device_.url, has_url ? 1 : 0);
}

void Improv::send(ImprovType type, Bytes data) {
  std::uint8_t packet[192];
  serial_.write({packet, write_improv_packet(type, data, packet, sizeof packet)});
}

}  // namespace skiclock
