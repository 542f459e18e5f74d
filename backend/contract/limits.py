"""Sizes and times that both ends of the wire keep to."""

PROTOCOL = 2
"""What a second-generation ("v2") clock and a server that knows it say that they speak."""

V1_PACKET_BYTES = 512
"""A v1 clock's whole MQTT packet buffer, topic and header included; it drops larger ones."""

V2_PACKET_BYTES = 1024
"""A v2 clock's packet buffer in each direction, topic and header included."""

PAYLOAD_BYTES = 4096
"""The largest payload a clock may send; anything above is counted and not read."""

HEARTBEAT_INTERVAL_S = 60
KEEP_ALIVE_S = 15
RECONNECT_DELAY_S = 5
VERSION_REQUEST_INTERVAL_S = 3600

TRIAL_S = 180
"""How long a new image may take to Wi-Fi, broker and one acknowledged heartbeat."""

COMMANDS_REMEMBERED = 8
"""How many command ids a clock remembers, so that a repeated one is not obeyed twice."""

COMMAND_TEXT_CHARACTERS = 120
EVENT_DETAIL_CHARACTERS = 24
EVENTS_IN_A_MESSAGE = 32

DEVICE_ID_PATTERN = "[0-9a-f]{1,16}"
"""Lower-case hex of the chip's MAC or efuse, not zero-padded."""

UPTIME_WRAP_S = 2**32 // 1000
"""Seconds after which a v1 clock's `uptime` starts again at zero (32-bit milliseconds)."""
