"""The socket.io room of open fleet pages: who may enter, and one broadcast for all of them."""

from datetime import UTC, datetime
from typing import Any

import structlog
from nicegui import Client, core

from backend.access import Identity, Permission
from skiclock_ui.components.fleet.feed import Delta, Feed

log = structlog.get_logger(__name__)

EVENT = "fleet"
JOIN = "fleet_join"
ROOM = "fleet"


class Room:
    """The pages that follow one feed."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        core.sio.on(JOIN, self.join)

    async def join(self, sid: str, message: Any) -> dict[str, Any]:
        """Let a page in; the answer says where the stream stands, or `error`.

        The page's client id is a bearer secret, so it must be this socket's own page and
        the signed-in user of socket and page must be one.
        """
        client_id = message.get("client_id") if isinstance(message, dict) else None
        client = Client.instances.get(client_id) if isinstance(client_id, str) else None
        if client is None or client.id not in core.sio.rooms(sid):
            return {"error": "unknown_page"}
        identity = identity_of_socket(sid)
        if identity is None or not _is_same(
            identity, identity_of_page(client), Permission.SEE_CLOCKS
        ):
            log.warning("fleet_room.refused", user=identity.email if identity else None)
            return {"error": "forbidden"}
        await core.sio.enter_room(sid, ROOM)
        return {
            "epoch": self._feed.epoch_of(identity.groups),
            "seq": self._feed.seq,
            "now": datetime.now(UTC).timestamp(),
        }

    async def broadcast(self, delta: Delta) -> None:
        """Send a delta to every page in the room; encoded once for all who see the same clocks."""
        views = views_in(ROOM, Permission.SEE_CLOCKS)
        now = datetime.now(UTC)
        for identity, sids in views:
            message = self._feed.message(delta, now=now, groups=identity.groups)
            await core.sio.emit(EVENT, message, to=sids)


def views_in(room: str, permission: Permission | None) -> list[tuple[Identity, list[str]]]:
    """Return the sockets of a room by the clocks that their people see, each with one of them.

    Whose role does not include the permission any more is left out.
    """
    views: dict[frozenset[str] | None, tuple[Identity, list[str]]] = {}
    for sid, _eio_sid in core.sio.manager.get_participants("/", room):
        identity = identity_of_socket(sid)
        if identity is not None and (permission is None or identity.may(permission)):
            views.setdefault(identity.groups, (identity, []))[1].append(sid)
    return list(views.values())


def identity_of_socket(sid: str) -> Identity | None:
    """Return who is signed in on the connection of a socket; the guard keeps it up to date."""
    return _identity_in(core.sio.get_environ(sid))


def identity_of_page(client: Client) -> Identity | None:
    """Return who asked for a page; the guard put it into the request."""
    identity: Identity | None = getattr(client.request.state, "identity", None)
    return identity


def address_of_socket(sid: str) -> str | None:
    """Return the network address on the other side of a socket, behind trusted proxies too."""
    client = (core.sio.get_environ(sid) or {}).get("asgi.scope", {}).get("client")
    return str(client[0]) if client else None


def who_may(client: Client, permission: Permission) -> Identity | None:
    """Return who uses an open page now, if that person still may do something.

    A page can outlive its session and its user's rights, so its socket is asked.
    """
    identity = _identity_in(client.environ)
    return identity if _is_same(identity, identity_of_page(client), permission) else None


def _identity_in(environ: dict[str, Any] | None) -> Identity | None:
    scope = (environ or {}).get("asgi.scope", {})
    identity: Identity | None = scope.get("state", {}).get("identity")
    return identity


def _is_same(socket: Identity | None, page: Identity | None, permission: Permission) -> bool:
    return (
        socket is not None
        and page is not None
        and socket.user_id == page.user_id
        and socket.may(permission)
    )
