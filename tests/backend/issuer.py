"""A small OpenID issuer of the tests' own, which signs whatever a test asks for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.backend.api.conftest import QuietWeb, until
from tests.ports import free_ports


class Issuer:
    """An issuer at `url`. What it answers is in its attributes, for tests to change."""

    def __init__(self, port: int) -> None:
        self.url = f"http://localhost:{port}"
        self.key = new_key("one")
        self.published = [self.key]
        self.says: dict[str, Any] = {}
        """What it says of itself beside the truth."""
        self.claims: dict[str, Any] = {}
        """What its ID tokens hold beside the usual; None: not that claim."""
        self.user_info: dict[str, Any] = {}
        self.asked: list[str] = []
        self.nonce = ""

    def token(self, key: ECKey | None = None, **claims: Any) -> str:
        """Return a token that is good for five minutes, with these claims."""
        now = int(time())
        all_ = {"iss": self.url, "iat": now, "nbf": now, "exp": now + 300} | claims
        key = key or self.key
        words = {name: value for name, value in all_.items() if value is not None}
        return jwt.encode({"alg": "ES256", "kid": key.kid}, words, key, ["ES256"])

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._metadata),
                Route("/jwks", self._jwks),
                Route("/auth", self._auth),
                Route("/token", self._token, methods=["POST"]),
                Route("/me", self._user_info),
                Route("/run", self._run),
            ]
        )

    async def _metadata(self, _: Request) -> Response:
        self.asked.append("metadata")
        names = {"authorization": "auth", "token": "token", "userinfo": "me"}
        endpoints = {f"{name}_endpoint": f"{self.url}/{path}" for name, path in names.items()}
        truth = {"issuer": self.url, "jwks_uri": f"{self.url}/jwks", **endpoints}
        return JSONResponse(truth | self.says)

    async def _jwks(self, _: Request) -> Response:
        self.asked.append("jwks")
        return JSONResponse(KeySet(list(self.published)).as_dict(private=False))

    async def _auth(self, request: Request) -> Response:
        query = request.query_params
        self.nonce = query["nonce"]
        return RedirectResponse(f"{query['redirect_uri']}?code=x&state={query['state']}", 303)

    async def _token(self, request: Request) -> Response:
        self.asked.append("token")
        form = parse_qs((await request.body()).decode())
        assert form["code_verifier"]
        usual = {"aud": "clocks", "sub": "kari", "nonce": self.nonce}
        token = self.token(**usual | self.claims)
        return JSONResponse({"access_token": "a", "token_type": "Bearer", "id_token": token})

    async def _user_info(self, _: Request) -> Response:
        return JSONResponse(self.user_info)

    async def _run(self, request: Request) -> Response:
        """Answer as GitHub does where a run asks for its token."""
        if request.headers.get("authorization") != "Bearer the runner's":
            return JSONResponse({"message": "no"}, 401)
        self.asked.append("run")
        words = {"aud": request.query_params["audience"], "jti": f"run {len(self.asked)}"}
        return JSONResponse({"value": self.token(**self.claims | words)})


def new_key(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid}, private=True)


@asynccontextmanager
async def served_issuer() -> AsyncIterator[Issuer]:
    """An issuer that answers."""
    issuer = Issuer(free_ports(1)[0])
    port = urlsplit(issuer.url).port or 0
    web = QuietWeb(
        uvicorn.Config(issuer.app, port=port, loop="none", log_config=None, lifespan="off")
    )
    serving = asyncio.create_task(web.serve())
    try:
        await until(lambda: web.started or serving.done())
        yield issuer
    finally:
        web.should_exit = True
        await serving
