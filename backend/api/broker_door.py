"""Routes that brokers ask: EMQX its way, mosquitto-go-auth and amqtt theirs.

They are there only where BROKER_HTTP_KEY is set, and whoever asks must show it: as
`Authorization: Bearer …`, or as `?key=…` where a broker can send no headers.
"""

import hmac
from typing import Any

import msgspec
import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from backend.api.asker import server_of
from backend.api.errors import BadRequestError, NotFoundError
from backend.api.form import read_small_form
from backend.broker_door import Action
from backend.contract import paths

router = APIRouter(include_in_schema=False)

_ACTIONS = {"1": Action.SUBSCRIBE, "2": Action.PUBLISH, "4": Action.SUBSCRIBE}
"""mosquitto's `acc`: 1 hear a message, 2 publish, 4 subscribe."""
_BOTH = "3"


@router.post(paths.BROKER_EMQX_USER)
async def emqx_user(request: Request) -> Response:
    """Answer EMQX about somebody who connects."""
    asked = await _asked(request)
    if asked is None:
        return _emqx(allowed=False)
    door = server_of(request).broker_door
    return _emqx(allowed=await door.may_connect(asked["username"], asked["password"]))


@router.post(paths.BROKER_EMQX_ACL)
async def emqx_acl(request: Request) -> Response:
    """Answer EMQX about a topic; always with 200, since it takes any other for "no opinion"."""
    asked = await _asked(request)
    if asked is None or asked["action"] not in set(Action):
        return _emqx(allowed=False)
    door = server_of(request).broker_door
    allowed = await door.may(asked["username"], Action(asked["action"]), asked["topic"])
    return _emqx(allowed=allowed)


@router.api_route(paths.BROKER_USER, methods=["GET", "POST", "PUT"])
async def user(request: Request) -> Response:
    """Answer mosquitto-go-auth or amqtt about somebody who connects."""
    asked = await _asked(request)
    door = server_of(request).broker_door
    allowed = asked is not None and await door.may_connect(asked["username"], asked["password"])
    return _plain(allowed=allowed)


@router.api_route(paths.BROKER_SUPERUSER, methods=["GET", "POST", "PUT"])
async def superuser(request: Request) -> Response:
    """Nobody is above the rules."""
    await _asked(request)
    return _plain(allowed=False)


@router.api_route(paths.BROKER_ACL, methods=["GET", "POST", "PUT"])
async def acl(request: Request) -> Response:
    """Answer mosquitto-go-auth or amqtt about a topic."""
    asked = await _asked(request)
    if asked is None:
        return _plain(allowed=False)
    door, acc = server_of(request).broker_door, asked["acc"]
    wanted = list(Action) if acc == _BOTH else [_ACTIONS[acc]] if acc in _ACTIONS else []
    allowed = [await door.may(asked["username"], one, asked["topic"]) for one in wanted]
    return _plain(allowed=bool(allowed) and all(allowed))


async def _asked(request: Request) -> dict[str, str] | None:
    """Return what a broker asks, "" for what it leaves out; None where its key is wrong.

    Raises NotFoundError where brokers are not to ask.
    """
    key = server_of(request).settings.broker_http_key.get_secret_value()
    if not key:
        raise NotFoundError("There is nothing at this address.")
    shown = request.headers.get("authorization", "").removeprefix("Bearer ")
    shown = shown or request.query_params.get("key", "")
    if not hmac.compare_digest(key.encode(), shown.encode(errors="replace")):
        return None
    said: dict[str, Any] = dict(request.query_params)
    if request.headers.get("content-type", "").startswith("application/json"):
        said |= _object(await _body(request))
    elif request.method != "GET":
        said |= await read_small_form(request)
    names = ("username", "password", "topic", "action", "acc")
    return {name: "" if said.get(name) is None else str(said[name]) for name in names}


async def _body(request: Request) -> bytes:
    body = await request.body()
    if len(body) > 16 * 1024:
        raise BadRequestError("The request is larger than 16 KiB.")
    return body


def _object(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise BadRequestError("Expected a JSON object.") from None


def _emqx(*, allowed: bool) -> Response:
    body = {"result": "allow" if allowed else "deny", "is_superuser": False}
    return Response(orjson.dumps(body), media_type="application/json")


def _plain(*, allowed: bool) -> Response:
    """A status for those who look at it, a word for those who read."""
    body = {"ok": allowed} if allowed else {"ok": False, "error": "not allowed"}
    return Response(orjson.dumps(body), 200 if allowed else 403, media_type="application/json")
