"""Sizes and times that both ends of the wire keep to."""

V1_PACKET_BYTES = 512
"""A v1 clock's whole MQTT packet buffer, topic and header included; it drops larger ones."""

PAYLOAD_BYTES = 4096
"""The largest payload a clock may send; anything above is counted and not read."""

HEARTBEAT_INTERVAL_S = 60
KEEP_ALIVE_S = 15
RECONNECT_DELAY_S = 5
VERSION_REQUEST_INTERVAL_S = 3600

DEVICE_ID_PATTERN = "[0-9a-f]{1,16}"
"""Lower-case hex of the chip's MAC or efuse, not zero-padded."""

UPTIME_WRAP_S = 2**32 // 1000
"""Seconds after which a v1 clock's `uptime` starts again at zero (32-bit milliseconds)."""
