"""Who asks: a signed-in person, or a program with a key; and the parts that answer them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from starlette.requests import HTTPConnection

from backend import device_keys, sight
from backend.access import Identity, Permission
from backend.api.errors import ForbiddenError, NotSignedInError
from backend.api_keys import Scope
from backend.contract.paths import API_KEY_HEADER

if TYPE_CHECKING:
    from backend.app import Server

API_KEY_HEADER_BYTES = API_KEY_HEADER.lower().encode()


@dataclass(frozen=True, slots=True)
class Asker:
    """Whoever sent a request. `identity` is None for a program or a clock with a key.

    `platform`: the only one whose firmware a clock with a key of its own gets.
    """

    name: str
    identity: Identity | None
    platform: str | None = None


async def ask_for(
    connection: HTTPConnection, *scopes: Scope, permission: Permission | None = None
) -> Asker:
    """Return who asks, if a key has one of `scopes` or a person has `permission`.

    CI that uploads may send a token of its own in place of a key.
    Raises NotSignedInError, WrongKeyError, BadTokenError, ForbiddenError or UnknownDeviceError.
    """
    key = api_key_of(connection)
    if key is not None and key.startswith(device_keys.PREFIX) and Scope.DOWNLOAD in scopes:
        clock = await server_of(connection).device_keys.check(key, now=datetime.now(UTC))
        return Asker(f"clock {clock.device_id}", None, clock.platform)
    if key is not None:
        holder = await server_of(connection).keys.check(key, *scopes, now=datetime.now(UTC))
        return Asker(holder.name, None)
    token = token_of(connection) if Scope.UPLOAD in scopes else None
    if token is not None:
        publishers = server_of(connection).publishers
        return Asker(await publishers.check(token, now=datetime.now(UTC)), None)
    identity = identity_of(connection)
    if identity is None:
        words = " or ".join(scopes)
        raise NotSignedInError(
            f"Sign in, or send a key with the scope {words} as {API_KEY_HEADER}."
        )
    _check(connection, identity, permission)
    return Asker(identity.email, identity)


def signed_in(connection: HTTPConnection, permission: Permission | None = None) -> Identity:
    """Return the person who asks; raises as `ask_for` does."""
    identity = identity_of(connection)
    if identity is None:
        raise NotSignedInError("Sign in first.")
    _check(connection, identity, permission)
    return identity


def _check(connection: HTTPConnection, identity: Identity, permission: Permission | None) -> None:
    """Check what a person may do, and that the clock in the address is one that they see."""
    if permission is not None:
        check_permission(identity, permission)
    if identity.groups is not None:
        for named in (connection.path_params, connection.query_params):
            if "device_id" in named:
                sight.check(connection.scope["state"]["fleet"], identity, named["device_id"])


def check_permission(identity: Identity, permission: Permission) -> None:
    """Raise ForbiddenError where a person's role does not allow something."""
    if not identity.may(permission):
        raise ForbiddenError(f"Your role {identity.role} does not include {permission}.")


def check_platform(asker: Asker, platform: str) -> None:
    """Raise ForbiddenError where a clock asks for what runs on another platform."""
    if asker.platform is not None and asker.platform != platform:
        raise ForbiddenError(f"The key of this clock opens firmware for {asker.platform} alone.")


def identity_of(connection: HTTPConnection) -> Identity | None:
    """Return who is signed in; the guard put it there."""
    state = connection.scope.get("state") or {}
    return cast(Identity | None, state.get("identity"))


def api_key_of(connection: HTTPConnection) -> str | None:
    """Return the key that was sent, if any."""
    for name, value in connection.scope["headers"]:
        if name == API_KEY_HEADER_BYTES:
            return cast(str, value.decode("latin-1"))
    return None


def token_of(connection: HTTPConnection) -> str | None:
    """Return the token of `Authorization: Bearer`, if any."""
    kind, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def server_of(connection: HTTPConnection) -> "Server":
    """Return the parts."""
    return cast("Server", connection.scope["app"].state.server)


def address_of(connection: HTTPConnection) -> str | None:
    """Return the network address of the asker, behind trusted proxies too."""
    client = connection.scope.get("client")
    return client[0] if client else None


def user_agent_of(connection: HTTPConnection) -> str | None:
    """Return the User-Agent."""
    return connection.headers.get("user-agent")
