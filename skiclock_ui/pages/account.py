"""`/account`: who one is here, what one may do, and the ways to a new password and out."""

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import segno
from fastapi import FastAPI, Request
from nicegui import ui

from backend import second_factor
from backend.access import Identity
from backend.api.asker import signed_in
from backend.api.guard import COOKIE
from backend.contract.platforms import PLATFORMS
from backend.sessions import list_sessions, session_id_of
from skiclock_ui.components.people.people import (
    FactorElement,
    SessionsElement,
    factor_words,
    session_state,
    sessions_words,
)
from skiclock_ui.components.roles.roles import rights
from skiclock_ui.i18n import _
from skiclock_ui.live import Live
from skiclock_ui.pages.page import page
from skiclock_ui.render import render
from skiclock_ui.theme import frame, role_name

if TYPE_CHECKING:
    from backend.app import Server


def create(app: FastAPI, server: "Server", live: Live) -> None:
    """Register the page, and the route by which an open page learns that it was signed out."""
    live.add_change("sessions.end", None, partial(_end_sessions, server))
    live.add_change("factor.begin", None, partial(_begin_factor, server))
    live.add_change("factor.confirm", None, partial(_confirm_factor, server))
    live.add_change("factor.renew", None, partial(_renew_codes, server))
    live.add_change("factor.off", None, partial(_turn_factor_off, server))

    @app.get("/ui/me", include_in_schema=False, status_code=204)
    async def me(request: Request) -> None:
        signed_in(request)

    @page("/account")
    async def account(identity: Identity) -> None:
        request: Request = ui.context.client.request
        query = request.query_params
        async with server.database.session() as session:
            current = await session_id_of(session, request.cookies.get(COOKIE, ""))
        sessions = await _sessions(server, identity, current)
        with frame(server, _("Account"), "account"), ui.element("div").classes("account"):
            html = render(
                "account.html",
                identity=identity,
                role=role_name(identity.role),
                may=_rights(identity),
                platforms=[one.board for one in PLATFORMS.values() if identity.may_take(one.name)],
                changed=query.get("changed") == "password",
            )
            ui.html(html, sanitize=False)
            FactorElement(words=factor_words(), state=await _factor_state(server, identity))
            SessionsElement(
                words=sessions_words(), state={"sessions": sessions, "current": current}
            )


async def _sessions(
    server: "Server", identity: Identity, current: int | None
) -> list[dict[str, Any]]:
    async with server.database.session() as session:
        found = await list_sessions(session, identity.user_id, now=datetime.now(UTC))
    return [session_state(one, current) for one in found]


async def _factor_state(server: "Server", identity: Identity) -> dict[str, Any]:
    async with server.database.session() as session:
        return {
            "on": await second_factor.is_on(session, identity.user_id),
            "left": await second_factor.codes_left(session, identity.user_id),
        }


async def _begin_factor(
    server: "Server", identity: Identity, _args: dict[str, Any], _address: str | None
) -> dict[str, Any]:
    setup = await server.factors.begin(identity, now=datetime.now(UTC))
    # Black on white with a margin, in every theme: cameras expect that.
    picture = segno.make(setup.uri, error="m").svg_data_uri(scale=5, border=4, light="#fff")
    return {"picture": picture, "secret": setup.secret}


async def _confirm_factor(
    server: "Server", identity: Identity, args: dict[str, Any], address: str | None
) -> dict[str, Any]:
    now = datetime.now(UTC)
    codes = await server.factors.confirm(identity, _code(args), address=address, now=now)
    return {"codes": codes, "state": await _factor_state(server, identity)}


async def _renew_codes(
    server: "Server", identity: Identity, args: dict[str, Any], address: str | None
) -> dict[str, Any]:
    now = datetime.now(UTC)
    codes = await server.factors.renew_codes(identity, _code(args), address=address, now=now)
    return {"codes": codes, "state": await _factor_state(server, identity)}


async def _turn_factor_off(
    server: "Server", identity: Identity, args: dict[str, Any], address: str | None
) -> dict[str, Any]:
    now = datetime.now(UTC)
    await server.factors.turn_off(identity, _code(args), address=address, now=now)
    return {"state": await _factor_state(server, identity)}


def _code(args: dict[str, Any]) -> str:
    return str(args.get("code", ""))[:100]


async def _end_sessions(
    server: "Server", identity: Identity, args: dict[str, Any], address: str | None
) -> list[dict[str, Any]]:
    """End one of one's own sessions, or all but the current one; returns what is left."""
    session_id, current = (_number(args.get(name)) for name in ("id", "current"))
    await server.sign_ins.end_sessions(
        identity.user_id,
        session_id=session_id,
        keep_id=current,
        actor=identity.email,
        address=address,
        now=datetime.now(UTC),
    )
    return await _sessions(server, identity, current)


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and 0 < value < 2**63 else None


def _rights(identity: Identity) -> list[str]:
    """Return what somebody may do, in words."""
    return [text for permission, text in rights().items() if identity.may(permission)]
