"""Issuers' keys: kept, asked for again when one is new, believed for a day while nobody answers."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import OctKey

from backend.issuers import BadTokenError, IssuerAwayError, Issuers
from tests.backend.issuer import Issuer, new_key, served_issuer

NOW = datetime.now(UTC)


@pytest_asyncio.fixture(loop_scope="session")
async def issuer() -> AsyncIterator[Issuer]:
    async with served_issuer() as issuer:
        yield issuer


@pytest_asyncio.fixture(loop_scope="session")
async def issuers() -> AsyncIterator[Issuers]:
    issuers = Issuers()
    yield issuers
    await issuers.close()


async def read(issuers: Issuers, issuer: Issuer, token: str, after_s: float = 0) -> str:
    """Return who a token names, after a while."""
    now = NOW + timedelta(seconds=after_s)
    _, claims = await issuers.get(issuer.url).read(token, now=now)
    return str(claims["sub"])


async def test_keys_are_asked_for_again_for_a_new_one_and_once_a_minute(
    issuers: Issuers, issuer: Issuer
) -> None:
    old, new = issuer.key, new_key("two")
    for _ in range(3):
        assert await read(issuers, issuer, issuer.token(sub="kari")) == "kari"
    assert issuer.asked == ["metadata", "jwks"]

    issuer.published = [old, new]
    for _ in range(3):  # whoever makes up key ids makes us ask nobody
        with pytest.raises(BadTokenError):
            await read(issuers, issuer, issuer.token(new, sub="kari"), after_s=59)
    assert issuer.asked.count("jwks") == 1
    assert await read(issuers, issuer, issuer.token(new, sub="kari"), after_s=60) == "kari"
    assert issuer.asked.count("jwks") == 2

    issuer.published = [new]  # what is withdrawn is believed for an hour
    assert await read(issuers, issuer, issuer.token(old, sub="kari"), after_s=3000) == "kari"
    with pytest.raises(BadTokenError):
        await read(issuers, issuer, issuer.token(old, sub="kari"), after_s=3700)


async def test_keys_are_believed_for_a_day_while_their_issuer_is_away(
    issuers: Issuers, issuer: Issuer
) -> None:
    token = issuer.token(sub="kari")
    assert await read(issuers, issuer, token) == "kari"
    issuer.says = {"issuer": "http://localhost:1"}
    assert await read(issuers, issuer, token, after_s=23 * 3600) == "kari"
    with pytest.raises(IssuerAwayError):
        await read(issuers, issuer, token, after_s=25 * 3600)


async def test_a_token_is_signed_by_a_key_that_only_the_issuer_has(
    issuers: Issuers, issuer: Issuer
) -> None:
    good = issuer.token(sub="kari")
    head, body, signature = good.split(".")
    shared = jwt.encode({"alg": "HS256", "kid": "one"}, {"sub": "kari"}, OctKey.generate_key())
    unsigned = "eyJhbGciOiJub25lIn0." + body + "."
    for token in (
        *("", ".", "..", "a.b.c", "é.é.é", "x" * 20_000, "[" * 10_000),
        f"{head}.{body}.",
        f"{head}.{body[:-2]}AA.{signature}",
        issuer.token(new_key("one"), sub="kari"),
        shared,
        unsigned,
    ):
        with pytest.raises(BadTokenError):
            await read(issuers, issuer, token)
    assert await read(issuers, issuer, good) == "kari"
