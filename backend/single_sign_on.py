"""Owns the way to an OpenID provider and back: who somebody is by its word.

Authorization code with PKCE (S256), state and nonce. What the way back needs lies sealed in
the browser's cookie, so that another browser cannot finish what this one began.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

import httpx
import msgspec
import structlog
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc.errors import JoseError

from backend.contract import paths
from backend.errors import Refusal
from backend.issuer_settings import SsoConfig, is_safe_url
from backend.issuers import BadTokenError, Issuers, Metadata
from backend.sealed import Seal

log = structlog.get_logger(__name__)

PATIENCE = timedelta(minutes=10)
"""How long somebody may take at the provider."""
LEEWAY_S = 60
MAX_ID_TOKEN_BYTES = 8 * 1024
MAX_GROUPS = 1000


class SsoFailedError(Refusal):
    """The provider refused, or what came back is not what was asked for here."""

    code: ClassVar[str] = "sso_failed"


class SsoUnverifiedError(Refusal):
    """The provider does not vouch for an e-mail address."""

    code: ClassVar[str] = "sso_unverified"


@dataclass(frozen=True, slots=True)
class Begun:
    """The way to the provider, and the cookie that must come back."""

    url: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Voucher:
    """Who somebody is by the provider's word. The e-mail is verified, in lower case."""

    issuer: str
    subject: str
    email: str
    groups: frozenset[str]
    id_token: str


class _Tokens(msgspec.Struct):
    id_token: str
    access_token: str


class SingleSignOn:
    """Leads people to one provider, and reads what they come back with."""

    def __init__(self, config: SsoConfig, issuers: Issuers, seal: Seal, *, public_url: str) -> None:
        self.config = config
        self._issuers = issuers
        self._issuer = issuers.get(config.issuer)
        self._seal = seal
        self._callback = public_url + paths.SSO_CALLBACK
        self._home = public_url + paths.LOGIN

    async def begin(self, after: str, *, now: datetime) -> Begun:
        """Return the way to the provider; `after` is where to go in the end."""
        metadata = await self._issuer.metadata(now=now)
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        client = OAuth2Client(
            session=None,
            client_id=self.config.client_id,
            scope=self.config.scopes,
            redirect_uri=self._callback,
            code_challenge_method="S256",
        )
        url, _ = client.create_authorization_url(
            metadata.authorization_endpoint, state=state, code_verifier=verifier, nonce=nonce
        )
        kept = {"state": state, "nonce": nonce, "verifier": verifier, "next": after}
        return Begun(url, self._seal.close(kept, now=now))

    async def finish(self, cookie: str, answer: Mapping[str, str], *, now: datetime) -> Voucher:
        """Return who came back. `answer`: the query that the provider sent them with.

        Raises SsoFailedError, SsoUnverifiedError, BadTokenError or IssuerAwayError.
        """
        kept = self._seal.open(cookie, now=now, max_age=PATIENCE)
        state = answer.get("state", "").encode()
        if kept is None or not hmac.compare_digest(kept["state"].encode(), state):
            raise SsoFailedError("This sign-in was not begun here, or took too long.")
        if answer.get("iss", self.config.issuer) != self.config.issuer:
            raise SsoFailedError("Another provider answered than was asked.")
        if "code" not in answer:
            log.info("sso.refused", error=answer.get("error", "")[:80])
            raise SsoFailedError("The provider did not let you in.")
        metadata = await self._issuer.metadata(now=now)
        tokens = await self._redeem(metadata, answer["code"], kept["verifier"])
        claims = await self._read(tokens, kept["nonce"], now)
        if "email" not in claims:
            claims |= await self._ask_for_more(metadata, tokens.access_token, claims["sub"])
        return self._voucher(claims, tokens.id_token)

    def after(self, cookie: str, *, now: datetime) -> str:
        """Return where to go in the end, as it was said at the beginning."""
        kept = self._seal.open(cookie, now=now, max_age=PATIENCE)
        return str(kept["next"]) if kept else "/"

    async def sign_out_url(self, sealed_id_token: str, *, now: datetime) -> str | None:
        """Return where a session at the provider is ended; None where that is not offered."""
        metadata = await self._issuer.metadata(now=now)
        kept = self._seal.open(sealed_id_token, now=now)
        if kept is None or not is_safe_url(metadata.end_session_endpoint):
            return None
        query = {
            "id_token_hint": kept["id_token"],
            "client_id": self.config.client_id,
            "post_logout_redirect_uri": self._home,
        }
        joint = "&" if "?" in metadata.end_session_endpoint else "?"
        return metadata.end_session_endpoint + joint + urlencode(query)

    def seal_id_token(self, id_token: str, *, now: datetime) -> str | None:
        """Return an ID token as a session keeps it; None for a giant, which no address holds."""
        if len(id_token) > MAX_ID_TOKEN_BYTES:
            return None
        return self._seal.close({"id_token": id_token}, now=now)

    async def _redeem(self, metadata: Metadata, code: str, verifier: str) -> _Tokens:
        """Exchange the code; raises SsoFailedError where the provider takes it no more."""
        body = urlencode(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self._callback,
                "code_verifier": verifier,
            }
        )
        headers = {"content-type": "application/x-www-form-urlencoded"}
        auth = ClientAuth(
            self.config.client_id, self.config.client_secret, self._auth_method(metadata)
        )
        url, headers, body = auth.prepare("POST", metadata.token_endpoint, headers, body)
        status, answer = await self._issuers.ask("POST", url, headers=headers, content=body)
        try:
            if status == httpx.codes.OK:
                return msgspec.json.decode(answer, type=_Tokens)
        except msgspec.MsgspecError:
            log.warning("sso.strange_tokens", issuer=self.config.issuer)
        log.info("sso.code_refused", status=status)
        raise SsoFailedError("The provider does not take this sign-in any more. Begin it anew.")

    def _auth_method(self, metadata: Metadata) -> str:
        if not self.config.client_secret:
            return "none"
        offered = metadata.token_endpoint_auth_methods_supported
        return "client_secret_basic" if "client_secret_basic" in offered else "client_secret_post"

    async def _read(self, tokens: _Tokens, nonce: str, now: datetime) -> dict[str, Any]:
        """Return the claims of an ID token that was made for us, now, for this sign-in."""
        header, claims = await self._issuer.read(tokens.id_token, now=now)
        token = CodeIDToken(
            claims,
            header,
            {
                "iss": {"essential": True, "value": self.config.issuer},
                "aud": {"essential": True, "value": self.config.client_id},
            },
            {
                "nonce": nonce,
                "client_id": self.config.client_id,
                "access_token": tokens.access_token,
            },
        )
        try:
            token.validate(now=int(now.timestamp()), leeway=LEEWAY_S)
        except (JoseError, ValueError, TypeError) as error:
            log.warning("sso.token_refused", error=repr(error)[:200])
            raise BadTokenError("The provider's token is not meant for this sign-in.") from None
        if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
            raise BadTokenError("The provider's token names nobody.")
        return claims

    async def _ask_for_more(
        self, metadata: Metadata, access_token: str, subject: str
    ) -> dict[str, Any]:
        """Return what the provider tells beside the ID token, where it is of the same person."""
        if not metadata.userinfo_endpoint:
            return {}
        headers = {"authorization": f"Bearer {access_token}"}
        status, body = await self._issuers.ask("GET", metadata.userinfo_endpoint, headers=headers)
        try:
            found = msgspec.json.decode(body, type=dict[str, Any]) if status == 200 else {}
        except (msgspec.MsgspecError, UnicodeDecodeError):
            found = {}
        if found.get("sub") != subject:
            raise BadTokenError("The provider tells of another person.")
        return found

    def _voucher(self, claims: Mapping[str, Any], id_token: str) -> Voucher:
        email = claims.get("email")
        # Microsoft's word for it is xms_edov; some providers send texts.
        verified = claims.get("email_verified", claims.get("xms_edov"))
        if not isinstance(email, str) or verified not in (True, "true", "1", 1):
            raise SsoUnverifiedError("The provider does not vouch for your e-mail address.")
        groups = claims.get(self.config.group_claim, [])
        groups = [groups] if isinstance(groups, str) else groups
        named = groups[:MAX_GROUPS] if isinstance(groups, list) else []
        return Voucher(
            issuer=self.config.issuer,
            subject=claims["sub"],
            email=email.strip().lower(),
            groups=frozenset(one for one in named if isinstance(one, str)),
            id_token=id_token,
        )
