"""`skiclock doctor`: looks at everything that the server stands on, and says what to do."""

import asyncio
import shutil
import ssl
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

import aiomqtt
import httpx
from alembic.config import Config
from alembic.script import ScriptDirectory
from cryptography import x509
from sqlalchemy import text

from backend.cli.database import command_database
from backend.cli.output import say
from backend.cli.settings import read_settings
from backend.config import Settings
from backend.db import MIGRATIONS, is_unavailable, sentence_of
from backend.embedded.errors import EmbeddedError

Mark = Literal["ok", "note", "FAIL"]

CONNECT_TIMEOUT_S = 8
FREE_BYTES_WANTED = 1_000_000_000
CLOCK_MAY_DIFFER = timedelta(seconds=30)
CERTIFICATE_WARNING = timedelta(days=30)
OLDEST_POSTGRES = 140000


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, and what to do about it."""

    mark: Mark
    about: str
    sentence: str


def doctor_command() -> None:
    """Check database, broker, storage, TLS and clock, and say what to do."""
    settings = read_settings()
    findings = asyncio.run(_examine(settings))
    for finding in findings:
        say(f"{finding.mark:<5} {finding.about:<12} {finding.sentence}")
    failed = sum(finding.mark == "FAIL" for finding in findings)
    say("")
    say("All is well." if not failed else f"{failed} to mend.")
    sys.exit(1 if failed else 0)


async def _examine(settings: Settings) -> list[Finding]:
    return [
        finding
        for check in (_settings, _storage, _database, _broker, _certificates, _server)
        async for finding in _safely(check, settings)
    ]


Check = Callable[[Settings], AsyncIterator[Finding]]


async def _safely(check: Check, settings: Settings) -> AsyncIterator[Finding]:
    """Run one check; what it trips over is a finding too."""
    try:
        async for finding in check(settings):
            yield finding
    except (EmbeddedError, OSError, TimeoutError, httpx.HTTPError) as error:
        yield Finding("FAIL", check.__name__.strip("_"), sentence_of(error))


async def _settings(settings: Settings) -> AsyncIterator[Finding]:
    yield Finding("ok", "settings", f"read; data folder is {settings.data}")
    url = urlsplit(settings.public_url)
    if url.scheme != "https" and url.hostname not in {"localhost", "127.0.0.1"}:
        yield Finding(
            "note",
            "settings",
            f"{settings.public_url} is not HTTPS: browsers flash clocks over USB only from HTTPS"
            " or localhost. Set SKICLOCK_BASE_URL behind a proxy with a certificate.",
        )


async def _storage(settings: Settings) -> AsyncIterator[Finding]:
    probe = settings.data / ".doctor"
    await asyncio.to_thread(probe.write_bytes, b"x")
    await asyncio.to_thread(probe.unlink)
    free = shutil.disk_usage(settings.data).free
    if free < FREE_BYTES_WANTED:
        yield Finding("FAIL", "storage", f"only {free // 1_000_000} MB free; make room.")
    else:
        yield Finding("ok", "storage", f"can be written, {free // 1_000_000_000} GB free")


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    try:
        async with command_database(settings) as database, database.session() as session:
            number = int(str(await session.scalar(text("SHOW server_version_num"))))
            now = await session.scalar(text("SELECT now()"))
            known = await session.scalar(text("SELECT to_regclass('alembic_version')"))
            revision = None
            if known:
                revision = await session.scalar(text("SELECT version_num FROM alembic_version"))
    except Exception as error:
        if not is_unavailable(error):
            raise
        what_to_do = "Check DATABASE_URL and that PostgreSQL runs there."
        yield Finding("FAIL", "database", f"{sentence_of(error)}. {what_to_do}")
        return
    kind = "embedded" if settings.embeds_database else "external"
    version = f"PostgreSQL {number // 10000}.{number % 10000}"
    if number < OLDEST_POSTGRES:
        yield Finding("FAIL", "database", f"{version} is too old; 14 or newer is needed.")
    else:
        yield Finding("ok", "database", f"{kind} {version}")
    yield _schema(revision)
    yield _clock(now)


def _schema(revision: str | None) -> Finding:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    head = ScriptDirectory.from_config(config).get_current_head()
    if revision == head:
        return Finding("ok", "schema", f"is current ({head})")
    have = revision or "empty"
    return Finding(
        "note", "schema", f"is {have}, current is {head}; `skiclock migrate` or `serve` does it."
    )


def _clock(database_now: datetime | None) -> Finding:
    now = datetime.now(UTC)
    off = abs(now - database_now) if database_now else timedelta()
    if off > CLOCK_MAY_DIFFER:
        seconds = round(off.total_seconds())
        return Finding(
            "FAIL", "clock", f"differs from the database's by {seconds} s; set up NTP on both."
        )
    return Finding("ok", "clock", f"{now:%Y-%m-%d %H:%M:%S} UTC")


async def _broker(settings: Settings) -> AsyncIterator[Finding]:
    if settings.embeds_broker:
        host, port, tls = "127.0.0.1", settings.embedded_mqtt_port, None
    else:
        host, port = settings.mqtt_host, settings.broker_port
        tls = (
            ssl.create_default_context(cafile=settings.mqtt_ca_file) if settings.mqtt_tls else None
        )
    try:
        async with aiomqtt.Client(
            host,
            port,
            username=settings.mqtt_username,
            password=settings.mqtt_password.get_secret_value(),
            identifier=f"skiclock-doctor-{datetime.now(UTC):%H%M%S%f}",
            tls_context=tls,
            timeout=CONNECT_TIMEOUT_S,
        ):
            yield Finding("ok", "broker", f"{host}:{port} lets {settings.mqtt_username} in")
    except aiomqtt.MqttError as error:
        if settings.embeds_broker:
            yield Finding("note", "broker", "the embedded one runs while `skiclock serve` does.")
        else:
            hint = "Check MQTT_HOST, MQTT_PORT, MQTT_TLS, MQTT_USERNAME and MQTT_PASSWORD."
            yield Finding("FAIL", "broker", f"{host}:{port}: {error}. {hint}")


async def _certificates(settings: Settings) -> AsyncIterator[Finding]:
    file = settings.data / "tls" / "server.pem"
    if not settings.embeds_broker or not await asyncio.to_thread(file.exists):
        return
    certificate = x509.load_pem_x509_certificate(await asyncio.to_thread(file.read_bytes))
    left = certificate.not_valid_after_utc - datetime.now(UTC)
    mark: Mark = "ok" if left > CERTIFICATE_WARNING else "FAIL"
    hint = "" if mark == "ok" else " Restart `skiclock serve`: it makes a new one."
    yield Finding(mark, "TLS", f"the broker's certificate ends in {left.days} days.{hint}")


async def _server(settings: Settings) -> AsyncIterator[Finding]:
    url = f"http://{settings.host}:{settings.port}/readyz"
    try:
        async with httpx.AsyncClient(timeout=CONNECT_TIMEOUT_S) as client:
            answer = await client.get(url)
    except httpx.ConnectError:
        yield Finding("note", "server", "does not run here; `skiclock serve` starts it.")
        return
    if answer.is_success:
        yield Finding("ok", "server", f"is ready at {settings.public_url}")
    else:
        yield Finding("FAIL", "server", f"runs but is not ready: {answer.text[:300]}")
