"""Owns which CI may upload without a key: by the token that its issuer made for one run."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

import msgspec
import structlog
from joserfc.errors import JoseError
from joserfc.jwt import JWTClaimsRegistry
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.db import Database
from backend.errors import Refusal
from backend.issuer_settings import PublisherRule
from backend.issuers import MAX_TOKEN_BYTES, BadTokenError, Issuers
from backend.sign_in_models import UsedToken

log = structlog.get_logger(__name__)

LEEWAY_S = 30
MAX_LIFETIME = timedelta(hours=1)
"""Of a token: CI's live for minutes."""
MAX_NAME = 200


class TokenNotAllowedError(Refusal):
    """The token is good, and of no workflow that may upload."""

    code: ClassVar[str] = "token_not_allowed"


class TokenUsedError(BadTokenError):
    """Somebody has uploaded with this token before."""

    code = "token_used"


class _Issued(msgspec.Struct):
    iss: str


class Publishers:
    """Knows the workflows that the settings name."""

    def __init__(
        self,
        database: Database,
        issuers: Issuers,
        rules: Sequence[PublisherRule],
        *,
        public_url: str,
    ) -> None:
        self._database = database
        self._issuers = issuers
        self._rules = rules
        self._public_url = public_url

    async def check(self, token: str, *, now: datetime) -> str:
        """Return what to call a run that may upload, and use its token up.

        Raises BadTokenError, TokenUsedError, TokenNotAllowedError or IssuerAwayError.
        """
        issuer = _issuer_said_by(token)
        rules = [rule for rule in self._rules if rule.issuer == issuer]
        if not rules:
            raise BadTokenError("Tokens of this issuer open nothing here (KEYLESS_UPLOADS).")
        _, claims = await self._issuers.get(issuer).read(token, now=now)
        expires_at = _check_times(claims, issuer, now)
        if not any(self._fits(rule, claims) for rule in rules):
            log.warning("token.not_allowed", issuer=issuer, subject=str(claims.get("sub"))[:200])
            raise TokenNotAllowedError(
                "The token is of no workflow that may upload here, or was made for another server."
            )
        token_id = claims.get("jti")
        if not isinstance(token_id, str) or not 0 < len(token_id) <= 255 or "\x00" in token_id:
            raise BadTokenError("The token has no number (jti) by which it is known again.")
        async with self._database.session() as session:
            await _use_up(session, issuer, token_id, expires_at)
        return _name_of(claims, issuer)

    def _fits(self, rule: PublisherRule, claims: Mapping[str, Any]) -> bool:
        audiences = claims.get("aud")
        audiences = audiences if isinstance(audiences, list) else [audiences]
        if (rule.audience or self._public_url) not in audiences:
            return False
        return all(claims.get(name) == value for name, value in rule.wanted.items())


async def remove_old_tokens(session: AsyncSession, *, now: datetime) -> None:
    """Forget tokens that are refused for their age by now."""
    await session.execute(delete(UsedToken).where(UsedToken.expires_at <= now))


async def _use_up(session: AsyncSession, issuer: str, token_id: str, expires_at: datetime) -> None:
    """Note a token; of several uploads at once with it, one succeeds."""
    noted = await session.scalar(
        insert(UsedToken)
        .values(issuer=issuer, token_id=token_id, expires_at=expires_at)
        .on_conflict_do_nothing()
        .returning(UsedToken.token_id)
    )
    if noted is None:
        raise TokenUsedError("This token was used already. Ask for a new one for each upload.")


def _issuer_said_by(token: str) -> str:
    """Return who a token says made it; nothing of it is believed yet."""
    if len(token) > MAX_TOKEN_BYTES:
        raise BadTokenError("The token is too long.")
    try:
        payload = token.split(".")[1].encode()
        return msgspec.json.decode(base64.urlsafe_b64decode(payload + b"=="), type=_Issued).iss
    except (ValueError, IndexError, binascii.Error, msgspec.MsgspecError, RecursionError):
        raise BadTokenError("This is no token.") from None


def _check_times(claims: dict[str, Any], issuer: str, now: datetime) -> datetime:
    """Return until when a token is looked at; raises BadTokenError."""
    now_s = int(now.timestamp())
    registry = JWTClaimsRegistry(
        now_s,
        LEEWAY_S,
        iss={"essential": True, "value": issuer},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        registry.validate(claims)
        lives_s = float(claims["exp"]) - float(claims["iat"])
    except (JoseError, ValueError, TypeError) as error:
        log.info("token.refused", issuer=issuer, error=repr(error)[:200])
        raise BadTokenError("The token is too old, or not good yet.") from None
    if not 0 < lives_s <= MAX_LIFETIME.total_seconds():
        raise BadTokenError("The token lives too long.")
    return datetime.fromtimestamp(claims["exp"] + 2 * LEEWAY_S, UTC)


def _name_of(claims: Mapping[str, Any], issuer: str) -> str:
    """Return how the audit log calls a run: repository, workflow, run and commit on GitHub."""
    words = [urlsplit(issuer).hostname or issuer, str(claims.get("sub", ""))]
    if "workflow_ref" in claims:
        words = [str(claims["workflow_ref"]), f"run {claims.get('run_id')}"]
        words.append(f"commit {str(claims.get('sha'))[:12]}")
    name = " ".join(words)
    return "".join(one for one in name if one.isprintable())[:MAX_NAME]
