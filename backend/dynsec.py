"""Keeps mosquitto's own list of clients equal to ours, through its dynamic-security plugin.

Each valid generation of a clock's credentials is a client there, in a role that holds what
Topics.allowed_to lists. Whatever else an administrator keeps there is left alone. Our own user
must be one who may use `$CONTROL/dynamic-security`, as the one that `mosquitto_ctrl dynsec init`
makes; it gets a role for our topics, too.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiomqtt
import structlog

from backend.clock_keys import read_mqtt_username
from backend.embedded.broker_users import BrokerUser
from backend.mqtt import BrokerAddress

log = structlog.get_logger(__name__)

CONTROL = "$CONTROL/dynamic-security/v1"
ANSWERS = f"{CONTROL}/response"
AT_ONCE = 50
ANSWER_WITHIN_S = 20.0
SERVER_ROLE = "skiclock-server"

Order = dict[str, Any]


class DynsecError(Exception):
    """Mosquitto would not do what it was told; the message is its own."""


class Dynsec:
    """Tells mosquitto; a connection of its own each time, since changes are rare."""

    def __init__(self, address: Callable[[], BrokerAddress], prefix: str) -> None:
        self._address = address
        self._prefix = prefix

    async def set_users(self, users: Sequence[BrokerUser], *_more: Any) -> None:
        """Make exactly these users clocks of mosquitto's; who is gone is cut off.

        Raises DynsecError, or aiomqtt.MqttError where the broker is away.
        """
        await self._take_own_rights()
        async with self._line() as line:
            there = await line.clocks()
            wanted = {user.name: user for user in users}
            gone = sorted(there - wanted.keys())
            new = [user for name, user in sorted(wanted.items()) if name not in there]
            await line.tell(order for name in gone for order in _removal(name))
            await line.tell(order for user in new for order in _addition(user))
        log.info("dynsec.told", added=len(new), removed=len(gone))

    async def _take_own_rights(self) -> None:
        """Give our own user the role for our topics, once: mosquitto cuts off who is changed."""
        username = self._address().username
        async with self._line() as line:
            if SERVER_ROLE in await line.roles_of(username):
                return
            everything = f"{self._prefix}/#"
            acls = [_acl("publishClientSend", everything), _acl("subscribePattern", everything)]
            await line.tell([{"command": "createRole", "rolename": SERVER_ROLE, "acls": acls}])
            await line.tell_and_end(
                {"command": "addClientRole", "username": username, "rolename": SERVER_ROLE}
            )

    @asynccontextmanager
    async def _line(self) -> AsyncIterator["_Line"]:
        address = self._address()
        client = aiomqtt.Client(
            address.host,
            address.port,
            username=address.username,
            password=address.password,
            identifier=f"{address.client_id}-dynsec",
            tls_context=address.tls,
        )
        await client.__aenter__()
        try:
            line = _Line(client)
            await client.subscribe(ANSWERS, 1)
            yield line
        finally:
            with contextlib.suppress(aiomqtt.MqttError):  # mosquitto may have cut us off
                await client.__aexit__(None, None, None)


class _Line:
    """One conversation: orders go out in parts, each is answered before the next."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client
        self._answers = client.messages

    async def tell_and_end(self, order: Order) -> None:
        """Give an order that ends this connection; there may be no answer."""
        await self._client.publish(CONTROL, json.dumps({"commands": [order]}))
        with contextlib.suppress(aiomqtt.MqttError, TimeoutError):
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await anext(self._answers)

    async def roles_of(self, username: str) -> set[str]:
        """Return the roles that somebody has."""
        (answer,) = await self._ask([{"command": "getClient", "username": username}])
        roles = answer.get("data", {}).get("client", {}).get("roles", [])
        return {str(role.get("rolename")) for role in roles}

    async def tell(self, orders: Iterable[Order]) -> None:
        all_ = list(orders)
        for start in range(0, len(all_), AT_ONCE):
            await self._ask(all_[start : start + AT_ONCE])

    async def clocks(self) -> set[str]:
        """Return the names of those clients that are ours."""
        (answer,) = await self._ask([{"command": "listClients", "count": -1, "offset": 0}])
        names = answer.get("data", {}).get("clients", [])
        return {str(name) for name in names if read_mqtt_username(str(name)) is not None}

    async def _ask(self, orders: list[Order]) -> list[Order]:
        # Each is answered, so that no acknowledgement is needed besides.
        await self._client.publish(CONTROL, json.dumps({"commands": orders}))
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                message = await anext(self._answers)
        except TimeoutError:
            raise DynsecError(
                "Mosquitto does not answer on $CONTROL: is its dynamic-security plugin loaded, "
                "and may MQTT_USERNAME change it?"
            ) from None
        payload = message.payload if isinstance(message.payload, bytes) else b"{}"
        answers: list[Order] = json.loads(payload).get("responses", [])
        for answer in answers:
            error = str(answer.get("error", ""))
            if error and not _is_settled(error):
                raise DynsecError(f"{answer.get('command')}: {error}")
        return answers


def _is_settled(error: str) -> bool:
    """Tell whether an error only says that things are already as they are to be."""
    return any(word in error for word in ("already exists", "not found", "already in this role"))


def _addition(user: BrokerUser) -> list[Order]:
    role = _role_of(user.name)
    acls = [_acl("publishClientSend", topic) for topic in user.publish]
    acls += [_acl("subscribeLiteral", topic) for topic in user.subscribe]
    return [
        {"command": "createRole", "rolename": role, "acls": acls},
        {
            "command": "createClient",
            "username": user.name,
            "password": user.password,
            "roles": [{"rolename": role}],
        },
    ]


def _removal(name: str) -> list[Order]:
    return [
        {"command": "deleteClient", "username": name},
        {"command": "deleteRole", "rolename": _role_of(name)},
    ]


def _role_of(name: str) -> str:
    return f"skiclock-clock-{name}"


def _acl(kind: str, topic: str) -> Order:
    return {"acltype": kind, "topic": topic, "priority": 0, "allow": True}
