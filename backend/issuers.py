"""Owns what OpenID providers say of themselves, and whether they signed a token.

Addresses come from the settings, or from what a provider in the settings says; no answer is
read past a bound, and none is followed elsewhere.
"""

import asyncio
import base64
import binascii
from datetime import datetime, timedelta
from typing import Any, ClassVar

import httpx
import msgspec
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet

from backend.errors import Refusal
from backend.issuer_settings import WELL_KNOWN, is_safe_url

log = structlog.get_logger(__name__)

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
"""Signatures with a key that only the issuer has: none by a secret that two share."""

TIMEOUT_S = 5.0
MAX_ANSWER_BYTES = 512 * 1024
MAX_KEYS = 100
MAX_TOKEN_BYTES = 16 * 1024
LOOK_AGAIN = timedelta(minutes=1)
"""How often keys are asked for again for the sake of one that nobody knows."""
FRESH = timedelta(hours=1)
PAUSE = timedelta(seconds=3)
"""How long a provider that does not answer is left alone."""
STALE = timedelta(days=1)
"""How long keys are believed while their issuer is away."""


class IssuerAwayError(Refusal):
    """The provider does not answer, or not as one would."""

    code: ClassVar[str] = "issuer_away"


class BadTokenError(Refusal):
    """The token is no token, or its issuer did not sign it."""

    code: ClassVar[str] = "bad_token"


class Metadata(msgspec.Struct, frozen=True):
    """What a provider says of itself at its discovery address."""

    issuer: str
    jwks_uri: str
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _Header(msgspec.Struct):
    kid: str | None = None


class Issuers:
    """Every provider that was asked for, and the connections to them."""

    def __init__(self) -> None:
        self._web: httpx.AsyncClient | None = None
        self._known: dict[str, Issuer] = {}

    def get(self, url: str) -> "Issuer":
        """Return the provider of an address that stands in the settings."""
        return self._known.setdefault(url, Issuer(self, url))

    async def ask(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str] | None = None,
        content: str | None = None,
    ) -> tuple[int, bytes]:
        """Return status and body of an answer; raises IssuerAwayError."""
        if not is_safe_url(url):
            raise IssuerAwayError("The provider names an address without TLS.")
        if self._web is None:
            # The loop must not wait while certificates are read.
            self._web = await asyncio.to_thread(httpx.AsyncClient, timeout=TIMEOUT_S)
        body = b""
        try:
            async with (
                asyncio.timeout(2 * TIMEOUT_S),
                self._web.stream(
                    method,
                    url,
                    headers={"accept": "application/json"} | (headers or {}),
                    content=content,
                ) as answer,
            ):
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > MAX_ANSWER_BYTES:
                        raise IssuerAwayError("The provider's answer is too large.")
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            log.warning("issuer.away", url=url, error=repr(error))
            raise IssuerAwayError("The provider does not answer. Try again in a moment.") from None
        return answer.status_code, body

    async def close(self) -> None:
        """Close every connection."""
        if self._web is not None:
            await self._web.aclose()


class Issuer:
    """One provider: what it says of itself, and its keys, asked for when they are needed."""

    def __init__(self, issuers: Issuers, url: str) -> None:
        self._issuers = issuers
        self._url = url
        self._metadata: Metadata | None = None
        self._metadata_at: datetime | None = None
        self._failed_at: datetime | None = None
        self._keys: KeySet | None = None
        self._keys_at: datetime | None = None
        self._asked_at: datetime | None = None
        self._asking = asyncio.Lock()

    async def metadata(self, *, now: datetime) -> Metadata:
        """Return what the provider says of itself; raises IssuerAwayError."""
        if self._metadata is None or self._metadata_at is None or now - self._metadata_at >= FRESH:
            if self._failed_at is not None and now - self._failed_at < PAUSE:
                raise IssuerAwayError("The provider does not answer. Try again in a moment.")
            self._failed_at = now
            found = await self._get(self._url.rstrip("/") + WELL_KNOWN, Metadata)
            if found.issuer != self._url:
                log.warning("issuer.foreign", expected=self._url, found=found.issuer[:200])
                raise IssuerAwayError("The provider calls itself by another name.")
            self._metadata, self._metadata_at, self._failed_at = found, now, None
        return self._metadata

    async def read(self, token: str, *, now: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return header and claims of a token that this issuer signed; judges no claim.

        Raises BadTokenError or IssuerAwayError.
        """
        keys = await self._keys_for(_kid_of(token), now)
        try:
            read = await asyncio.to_thread(jwt.decode, token, keys, algorithms=ALGORITHMS)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            log.info("token.refused", issuer=self._url, error=repr(error)[:200])
            raise BadTokenError("The token is not signed by its issuer.") from None
        return dict(read.header), read.claims

    async def _keys_for(self, kid: str | None, now: datetime) -> KeySet:
        async with self._asking:
            if self._must_ask(kid, now):
                self._asked_at = now
                try:
                    await self._ask_for_keys(now)
                except IssuerAwayError:
                    if self._keys_at is None or now - self._keys_at >= STALE:
                        self._keys = None
        if self._keys is None:
            raise IssuerAwayError("The issuer's keys cannot be had. Try again in a minute.")
        return self._keys

    def _must_ask(self, kid: str | None, now: datetime) -> bool:
        if self._asked_at is not None and now - self._asked_at < LOOK_AGAIN:
            return False
        if self._keys is None or self._keys_at is None or now - self._keys_at >= FRESH:
            return True
        return kid is not None and all(key.kid != kid for key in self._keys)

    async def _ask_for_keys(self, now: datetime) -> None:
        metadata = await self.metadata(now=now)
        found = await self._get(metadata.jwks_uri, dict[str, list[dict[str, Any]]])
        keys = [one for one in found.get("keys", []) if one.get("use", "sig") == "sig"]
        self._keys = KeySet([key for one in keys[:MAX_KEYS] for key in _key_of(one)])
        self._keys_at = now

    async def _get(self, url: str, kind: type[Any]) -> Any:
        status, body = await self._issuers.ask("GET", url)
        try:
            if status == httpx.codes.OK:
                return msgspec.json.decode(body, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass
        log.warning("issuer.strange_answer", url=url, status=status)
        raise IssuerAwayError("The provider does not answer as one would. Try again later.")


def _key_of(words: dict[str, Any]) -> list[Key]:
    """Return a key; none where it is of a kind that we cannot use."""
    try:
        return KeySet.import_key_set({"keys": [words]}).keys
    except (JoseError, ValueError, TypeError, KeyError) as error:
        log.info("issuer.key_unusable", error=repr(error)[:200])
        return []


def _kid_of(token: str) -> str | None:
    """Return which key a token says it is signed with; raises BadTokenError."""
    if len(token) > MAX_TOKEN_BYTES:
        raise BadTokenError("The token is too long.")
    try:
        header = token.split(".", 1)[0].encode()
        return msgspec.json.decode(base64.urlsafe_b64decode(header + b"=="), type=_Header).kid
    except (ValueError, binascii.Error, msgspec.MsgspecError, RecursionError):
        raise BadTokenError("This is no token.") from None
