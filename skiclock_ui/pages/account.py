"""`/account`: who one is here, what one may do, and the ways to a new password and out."""

from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from nicegui import ui

from backend.access import Identity, Permission
from backend.api.asker import signed_in
from backend.contract.platforms import PLATFORMS
from skiclock_ui.i18n import _
from skiclock_ui.pages.page import page
from skiclock_ui.render import render
from skiclock_ui.theme import frame, role_name

if TYPE_CHECKING:
    from backend.app import Server


def create(app: FastAPI, server: "Server") -> None:
    """Register the page, and the route by which an open page learns that it was signed out."""

    @app.get("/ui/me", include_in_schema=False, status_code=204)
    async def me(request: Request) -> None:
        signed_in(request)

    @page("/account")
    async def account(identity: Identity) -> None:
        query = ui.context.client.request.query_params
        with frame(server, _("Account"), "account"):
            html = render(
                "account.html",
                identity=identity,
                role=role_name(identity.role),
                may=_rights(identity),
                platforms=[one.board for one in PLATFORMS.values() if identity.may_take(one.name)],
                changed=query.get("changed") == "password",
            )
            ui.html(html, sanitize=False)


def _rights(identity: Identity) -> list[str]:
    """Return what somebody may do, in words."""
    words = {
        Permission.SEE_CLOCKS: _("see clocks and their updates"),
        Permission.EDIT_CLOCKS: _("rename clocks"),
        Permission.REMOVE_CLOCKS: _("remove clocks"),
        Permission.SEE_FIRMWARE: _("see firmware"),
        Permission.DOWNLOAD_FIRMWARE: _("download firmware"),
        Permission.UPLOAD_FIRMWARE: _("publish firmware"),
        Permission.SEE_DIAGNOSTICS: _("see diagnostics"),
    }
    return [text for permission, text in words.items() if identity.may(permission)]
