"""Who may speak to the embedded broker, and about what."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from backend.contract.topics import ClockTopics, Order, Topics
from backend.embedded.errors import DuplicateUserError, UnusablePasswordError

_BCRYPT = re.compile(r"\$2[abxy]\$\d{2}\$")


@dataclass(frozen=True, slots=True)
class BrokerUser:
    """A user name, its password, and the MQTT topic filters it may publish and subscribe to.

    No filter means nothing, not everything.
    """

    name: str
    password: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def server_user(name: str, password: str, prefix: str) -> BrokerUser:
    """Return our own user: all below the prefix."""
    everything = (f"{prefix}/#",)
    return BrokerUser(name, password, publish=everything, subscribe=everything)


def shared_clock_user(name: str, password: str, prefix: str) -> BrokerUser:
    """Return the user that clocks share: what a clock says and hears, and no more."""
    topics = Topics(prefix)
    hears = (topics.version_updates, *(topics.to_clock(order, "+") for order in Order))
    return BrokerUser(name, password, publish=tuple(topics.from_clocks()), subscribe=hears)


def clock_user(name: str, password: str, allowed: ClockTopics) -> BrokerUser:
    """Return the user of one clock: its own topics and no more."""
    return BrokerUser(name, password, publish=allowed.publish, subscribe=allowed.subscribe)


def nats_users(users: Iterable[BrokerUser]) -> list[dict[str, object]]:
    """Return all users as the configuration has them; raises DuplicateUserError besides."""
    found: dict[str, dict[str, object]] = {}
    for user in users:
        if user.name in found:
            raise DuplicateUserError(user.name)
        found[user.name] = nats_user(user)
    return list(found.values())


def nats_user(user: BrokerUser) -> dict[str, object]:
    """Return a user as the broker's configuration has it.

    The password stands there as it is, in a file that only its owner reads: with bcrypt, as
    the broker's log advises, a fleet of 10,000 that connects again within 5 s would keep a
    core busy for a quarter of an hour. Raises UnusablePasswordError.
    """
    if _BCRYPT.match(user.password):
        raise UnusablePasswordError(
            user.name, "it looks like a bcrypt hash and would be read as one"
        )
    return {
        "user": user.name,
        "password": user.password,
        "allowed_connection_types": ["MQTT"],
        "permissions": {
            "publish": _permission(user.publish),
            "subscribe": _permission(user.subscribe),
        },
    }


def subjects_of(topic_filter: str) -> tuple[str, ...]:
    """Return the NATS subjects that an MQTT topic filter means.

    `/` becomes `.`, `+` becomes `*`, `#` becomes `>`; `a/#` is two subjects, because it means
    `a` too. Raises ValueError for a filter that MQTT does not know or NATS cannot express.
    """
    levels = topic_filter.split("/")
    if not all(_is_level(level, last=n == len(levels)) for n, level in enumerate(levels, 1)):
        raise ValueError(f"not a topic filter for the broker: {topic_filter!r}")
    if levels[-1] != "#":
        return (".".join(_subject_token(level) for level in levels),)
    parent = ".".join(_subject_token(level) for level in levels[:-1])
    return (parent, f"{parent}.>") if parent else (">",)


def _is_level(level: str, *, last: bool) -> bool:
    """Tell whether a level is a wildcard or a plain name; the broker has no empty levels."""
    if level == "#":
        return last
    return level == "+" or re.fullmatch(r"[^\s\x00-\x1f\x7f+#*>/]+", level) is not None


def _subject_token(level: str) -> str:
    # A dot parts NATS's tokens, so the broker's MQTT side writes one as two slashes.
    return "*" if level == "+" else level.replace(".", "//")


def _permission(filters: Iterable[str]) -> dict[str, list[str]]:
    allowed = sorted({subject for one in filters for subject in subjects_of(one)})
    return {"allow": allowed} if allowed else {"deny": [">"]}
