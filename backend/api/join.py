"""The route by which somebody with a link chooses a password: a plain form, as for signing in."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from backend.api.asker import address_of, server_of, user_agent_of
from backend.api.form import read_small_form, small_form
from backend.api.sign_in import PasswordsDifferError, finish, refused
from backend.contract import paths

router = APIRouter(tags=["Sign in"])


@router.post(
    paths.JOIN,
    status_code=303,
    summary="Choose a password by a link",
    response_class=Response,
    openapi_extra=small_form(
        required=("new",),
        properties={
            "new": {"type": "string", "format": "password"},
            "repeat": {"type": "string", "format": "password"},
        },
    ),
)
async def join(request: Request, token: Annotated[str, Path(max_length=100)]) -> Response:
    """Set the password, end every session of this person, and start a new one."""
    page = paths.JOIN.format(token=token)
    fields = await read_small_form(request)
    new = fields.get("new", "")
    if fields.get("repeat", new) != new:
        return refused(request, PasswordsDifferError("The two passwords differ."), page)
    attempt = server_of(request).sign_ins.join(
        token,
        new,
        address=address_of(request),
        user_agent=user_agent_of(request),
        now=datetime.now(UTC),
    )
    return await finish(request, attempt, page, "/")
