"""The way to an OpenID provider and back. Links, no forms: they lead to another site."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import structlog
from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from backend.api.asker import address_of, server_of, user_agent_of
from backend.api.errors import NotFoundError
from backend.api.sign_in import MAX_NEXT, finish, own_path, refused, set_cookie
from backend.contract import paths
from backend.errors import Refusal
from backend.issuers import IssuerAwayError
from backend.sign_ins import SignedIn
from backend.single_sign_on import PATIENCE, SingleSignOn
from backend.sso_accounts import account_of

if TYPE_CHECKING:
    from backend.app import Server

log = structlog.get_logger(__name__)
router = APIRouter(tags=["Sign in"])

COOKIE = "skiclock_sso"
COOKIE_PATH = paths.SSO.rpartition("/")[0]


@router.get(
    paths.SSO,
    status_code=303,
    summary="Sign in at the provider",
    response_class=Response,
    responses={
        303: {"description": "To the provider; to /login?error= where that is away"},
        404: {"description": "No provider is set"},
    },
)
async def start(
    request: Request,
    after: Annotated[
        str, Query(alias="next", max_length=MAX_NEXT, description="One of our own paths")
    ] = "/",
) -> Response:
    """Go to the provider that the settings name. What must come back lies in a cookie."""
    sso = _sso(server_of(request))
    if request.headers.get("sec-fetch-site") == "cross-site":
        return RedirectResponse(paths.LOGIN, 303)  # nobody is signed in by a foreign page
    target = own_path(after)
    try:
        begun = await sso.begin(target, now=datetime.now(UTC))
    except IssuerAwayError as error:
        return refused(request, error, paths.LOGIN, target)
    response = RedirectResponse(begun.url, 303)
    set_cookie(request, response, COOKIE, begun.cookie, max_age=PATIENCE, path=COOKIE_PATH)
    return response


@router.get(
    paths.SSO_CALLBACK,
    status_code=303,
    summary="Come back from the provider",
    response_class=Response,
    responses={
        303: {"description": "Signed in, to where one wanted; to /login?error= when refused"},
        404: {"description": "No provider is set"},
    },
)
async def callback(request: Request) -> Response:
    """Check what the provider says, and start a session as after a password."""
    server = server_of(request)
    sso, cookie = _sso(server), request.cookies.get(COOKIE, "")
    target = own_path(sso.after(cookie, now=datetime.now(UTC)))
    response = await finish(request, _sign_in(request, server, sso, cookie), paths.LOGIN, target)
    response.delete_cookie(COOKIE, path=COOKIE_PATH)
    return response


async def _sign_in(request: Request, server: "Server", sso: SingleSignOn, cookie: str) -> SignedIn:
    now, address = datetime.now(UTC), address_of(request)
    try:
        voucher = await sso.finish(cookie, dict(request.query_params), now=now)
        async with server.database.session() as session:
            user = await account_of(session, voucher, sso.config, address=address, now=now)
    except Refusal as error:
        log.info("sign_in_refused", provider=sso.config.name, code=error.code, address=address)
        raise
    server.sign_ins.forget_user(user.id)  # the role may be another one
    return await server.sign_ins.start(
        user,
        address=address,
        user_agent=user_agent_of(request),
        now=now,
        provider=sso.config.name,
        sealed_id_token=sso.seal_id_token(voucher.id_token, now=now),
    )


def _sso(server: "Server") -> SingleSignOn:
    if server.sso is None:
        raise NotFoundError("Nobody signs in through a provider here.")
    return server.sso
