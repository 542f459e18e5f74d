"""The configuration files of the two processes that make up the embedded broker.

nats-server has one MQTT listener a process. The *hub* listens without TLS on loopback and
keeps what was acknowledged (JetStream); the *front* listens with TLS for clocks, keeps
nothing, and passes all on to the hub over a link between them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.embedded.broker_users import BrokerUser, nats_users
from backend.embedded.certificates import Certificates
from backend.embedded.files import write_whole
from backend.embedded.store_limits import limiting_user

LOOPBACK = "127.0.0.1"
LIMITING_USER = "limits of the stores"  # a name that no clock has
_LINK_USER = "front"
_DOMAIN = "hub"  # the name by which the front reaches the hub's storage

_COMMON: dict[str, object] = {
    "max_payload": 65536,
    "max_connections": 25_000,  # at 60 kB each
    # A reader that stalls (our own link, behind a busy event loop) is given a minute and
    # 64 MB before it is cut off; cut off it would lose what is not acknowledged.
    "write_deadline": "60s",
    "max_pending": 64 * 1024 * 1024,
    "max_closed_clients": 100,  # details of past connections, kept for a monitor we do not run
    "logtime_utc": True,
    "log_size_limit": 10_000_000,
    "logfile_max_num": 2,
}

_SESSIONS: dict[str, object] = {
    "max_ack_pending": 1000,
    # What a reader died on is sent again after so long; the default of 30 s is long to wait.
    "ack_wait": "10s",
    # What is published with QoS 1 stays in the store until each such subscription has it. One
    # whose client never comes back (a made-up client id, cut off by a crash) must not fill the
    # store: 10,000 clocks that each say 300 bytes a minute take 3.5 h to reach its limit.
    "consumer_inactive_threshold": "3h",
    # Nobody needs QoS 2, whose state would be one more thing to store.
    "reject_qos2_publish": True,
    "downgrade_qos2_subscribe": True,
}


@dataclass(frozen=True, slots=True)
class Listeners:
    """Where the two processes listen.

    `link_port` is between them; at `nats_port` we set the limits of the hub's stores.
    """

    port: int
    tls_host: str
    tls_port: int
    link_port: int
    nats_port: int


def hub_config(
    folder: Path, listeners: Listeners, users: Sequence[BrokerUser], secret: str
) -> dict[str, object]:
    """Return the configuration of the process that stores; `secret` is between it and us."""
    return {
        **_COMMON,
        "listen": address(LOOPBACK, listeners.nats_port),
        "server_name": "hub",
        "log_file": str(folder / "hub.log"),
        "jetstream": {
            "domain": _DOMAIN,
            "store_dir": str(folder / "store"),
            "max_mem": 64 * 1024 * 1024,
            "max_file": 1024 * 1024 * 1024,
            # What is acknowledged is written, and outlives this process; a power cut may take
            # the last second. "always" allows 1,000 acknowledged messages/s for a whole fleet.
            "sync_interval": "1s",
        },
        "mqtt": {"listen": address(LOOPBACK, listeners.port), **_SESSIONS},
        "authorization": {"users": [*nats_users(users), limiting_user(LIMITING_USER, secret)]},
        "leafnodes": {
            "listen": address(LOOPBACK, listeners.link_port),
            "authorization": {"user": _LINK_USER, "password": secret},
            "no_advertise": True,
            "compression": "off",
        },
    }


def front_config(
    folder: Path,
    listeners: Listeners,
    users: Sequence[BrokerUser],
    secret: str,
    certificates: Certificates,
) -> dict[str, object]:
    """Return the configuration of the process that clocks connect to."""
    link = f"nats-leaf://{_LINK_USER}:{secret}@{LOOPBACK}:{listeners.link_port}"
    return {
        **_COMMON,
        # NATS's own protocol cannot be turned off: a port of the system's choice, on loopback,
        # and no user who may speak it.
        "listen": address(LOOPBACK, -1),
        "server_name": "front",
        "log_file": str(folder / "front.log"),
        "mqtt": {
            "js_domain": _DOMAIN,
            "listen": address(listeners.tls_host, listeners.tls_port),
            **_SESSIONS,
            # An ESP8266 needs seconds for a handshake; the default of 2 s would cut it off.
            "authorization": {"timeout": 35},
            "tls": {
                "cert_file": str(certificates.cert_file),
                "key_file": str(certificates.key_file),
                "timeout": 30,
            },
        },
        "authorization": {"users": nats_users(users)},
        "leafnodes": {
            "reconnect": "500ms",
            "remotes": [{"url": link, "compression": "off"}],
        },
    }


def write_config(file: Path, config: Mapping[str, object]) -> None:
    """Write a configuration that its owner alone can read: passwords are in it."""
    write_whole(file, _text(config).encode() + b"\n")


def address(host: str, port: int) -> str:
    """Return `host:port`, with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _text(value: object) -> str:
    """Write a value as nats-server reads it: like JSON, but with escapes of its own.

    Keys are our own words; strings stand in quotes, where `$` and `include` mean nothing.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return '"' + _SPECIAL.sub(lambda found: _escaped(found[0]), value) + '"'
    if isinstance(value, Mapping):
        return "{" + "\n".join(f"{key}: {_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ",\n".join(_text(item) for item in value) + "]"
    raise TypeError(f"no way to write {type(value).__name__} into a configuration")


_SPECIAL = re.compile(r'["\\\x00-\x1f\x7f]')


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    return f"\\x{ord(character):02x}" if ord(character) < 0x20 or character == "\x7f" else character
