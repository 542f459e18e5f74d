// Any stream is cut into packets that stay within the buffer, and any body is read or refused.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "input.h"
#include "skiclock/net/mqtt_packet.h"

using skiclock::Bytes;
using skiclock::MqttPacket;
using skiclock::fuzz::require;

namespace {

bool is_within(Bytes part, Bytes whole) {
  return part.size == 0 || (part.data >= whole.data && part.size <= whole.size &&
                            part.data + part.size <= whole.data + whole.size);
}

void read_everything(const MqttPacket& packet) {
  std::uint8_t code = 0;
  std::uint16_t id = 0;
  std::size_t refused = 0;
  skiclock::MqttPublish publish;
  read_connack(packet, &code);
  read_puback(packet, &id);
  if (read_suback(packet, &id, &refused)) require(refused <= packet.body.size);
  if (!read_publish(packet, &publish)) return;
  require(is_within(bytes_of(publish.topic), packet.body));
  require(is_within(publish.payload, packet.body));
  // What was read can be written, to the same bytes.
  if (packet.is_cut || packet.type != skiclock::MqttType::kPublish) return;
  if (publish.packet_id == 0 && publish.is_duplicate) return;  // not allowed, and not refused
  std::vector<std::uint8_t> bytes(packet.body.size + 8);
  skiclock::MqttBuffer out{bytes.data(), bytes.size()};
  require(append_publish(publish, out) && out.size == publish_size(publish));
  require(std::memcmp(out.data + out.size - packet.body.size, packet.body.data, packet.body.size) ==
          0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  skiclock::fuzz::Input input(data, size);
  const std::size_t capacity = 4U + input.byte();
  std::vector<std::uint8_t> buffer(capacity);
  skiclock::MqttPacketReader reader(buffer.data(), capacity);
  while (!input.is_empty()) {
    std::size_t room = 0;
    std::uint8_t* space = reader.space(&room);
    require(room > 0);
    const Bytes piece = input.bytes(std::min<std::size_t>(room, 1U + input.byte()));
    if (piece.size > 0) std::memcpy(space, piece.data, piece.size);
    if (!reader.took(piece.size)) return 0;
    if (!reader.is_whole()) continue;
    require(reader.packet().body.size <= capacity);
    read_everything(reader.packet());
    reader.reset();
  }
  return 0;
}
