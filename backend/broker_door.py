"""Answers a broker outside that asks who may connect, and who may say and hear what.

One clock may do what Topics.allowed_to lists. The server's own user may do all below the prefix.
"""

import hmac
from enum import StrEnum

from backend.clock_keys import ClockKeys, read_mqtt_username
from backend.clock_users import ClockUsers
from backend.contract.topics import Topics


class Action(StrEnum):
    """What a client wants to do with a topic."""

    PUBLISH = "publish"
    SUBSCRIBE = "subscribe"  # to hear something too: a clock's filters have no wildcards


class BrokerDoor:
    """Decides for a broker; credentials that were just revoked open nothing."""

    def __init__(
        self, keys: ClockKeys, topics: Topics, users: ClockUsers, *, name: str, password: str
    ) -> None:
        """`name` and `password`: our own at that broker."""
        self._keys = keys
        self._topics = topics
        self._users = users
        self._name = name
        self._password = password.encode()

    async def may_connect(self, username: str, password: str) -> bool:
        """Tell whether somebody is who he says; a clock's first use retires older credentials."""
        if username == self._name:
            return hmac.compare_digest(self._password, password.encode(errors="replace"))
        claimed = self._keys.check_mqtt(username, password)
        if claimed is None or not await self._users.is_valid(claimed):
            return False
        self._users.note_use(claimed)
        return True

    async def may(self, username: str, action: Action, topic: str) -> bool:
        """Tell whether somebody who is connected may use a topic, or a filter of topics."""
        if username == self._name:
            return topic.startswith(f"{self._topics.prefix}/")
        claimed = read_mqtt_username(username)
        if claimed is None or not await self._users.is_valid(claimed):
            return False
        allowed = self._topics.allowed_to(claimed.device_id)
        return topic in (allowed.publish if action is Action.PUBLISH else allowed.subscribe)
