"""What `skiclock doctor` asks of others: database, schema, time, broker, certificates, keys."""

import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import aiomqtt
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.bucket_errors import BucketError, ObjectGoneError
from backend.certificate_watch import Holder, Seen, look
from backend.cli.database import command_database
from backend.cli.finding import Finding
from backend.config import PLACEHOLDERS, Settings
from backend.db import MIGRATIONS, is_unavailable, sentence_of
from backend.object_store import open_storage

CONNECT_TIMEOUT_S = 8
CLOCK_MAY_DIFFER = timedelta(seconds=30)
V1_IS_GONE_AFTER = timedelta(days=30)
OLDEST_POSTGRES = 140000
_NOT_LET_IN = {4, 5, 134, 135}  # MQTT 3.1.1's and 5's codes for user, password and rights
_NEWEST_SEEN = "SELECT max(last_seen) FROM devices"
_V1_CLOCKS = """
SELECT count(*) FILTER (WHERE protocol IS NULL AND version IS NOT NULL AND last_seen > :since),
       count(*) FILTER (WHERE protocol IS NOT NULL)
FROM devices
"""


async def secrets(settings: Settings) -> AsyncIterator[Finding]:
    """Secrets that everybody could guess; those that settings refuse never come this far."""
    known = PLACEHOLDERS | {"postgres", "skiclock", "mqtt", "clock"}
    url = settings.database_url.get_secret_value()
    said = {
        "DATABASE_URL": str(make_url(url).password or "") if url else "",
        "MQTT_PASSWORD": settings.mqtt_password.get_secret_value(),
        "UPLOAD_API_KEY": settings.upload_api_key.get_secret_value(),
        "DOWNLOAD_API_KEY": settings.download_api_key.get_secret_value(),
    }
    guessable = [
        name
        for name, secret in said.items()
        if secret and (secret.lower() in known or len(secret) < 6)
    ]
    for name in guessable:
        yield Finding(
            "FAIL", "secret", f"{name} has a password that anybody would try; choose a random one."
        )
    if not guessable:
        yield Finding("ok", "secrets", "none is a placeholder")


async def bucket(settings: Settings) -> AsyncIterator[Finding]:
    """Whether the bucket of the images answers, where there is one; nothing is written there."""
    there = open_storage(settings).bucket
    if there is None:
        return
    try:
        await there.get("0" * 64, max_bytes=1)
    except ObjectGoneError:
        yield Finding("ok", "bucket", f"{there.place} answers")
    except BucketError as error:
        yield Finding(
            "FAIL",
            "bucket",
            f"{error} Check OBJECT_STORE_URL and the credentials in the environment; images stay"
            " in the data folder meanwhile, and move when it answers.",
        )


async def database(settings: Settings) -> AsyncIterator[Finding]:
    """The database, its schema, its time, and what its rows say about time and old keys."""
    try:
        async with command_database(settings) as opened, opened.session() as session:
            number = int(str(await session.scalar(text("SHOW server_version_num"))))
            now = await session.scalar(text("SELECT now()"))
            revision = await _revision(session)
            newest = await session.scalar(text(_NEWEST_SEEN)) if revision else None
            still_v1 = await _still_v1(session) if revision == _head() else None
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
    yield schema(revision)
    yield time_of(datetime.now(UTC), database_now=now, newest=newest)
    if still_v1 is not None:
        yield still_v1


async def _revision(session: AsyncSession) -> str | None:
    if await session.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    return str(await session.scalar(text("SELECT version_num FROM alembic_version")))


def _scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config)


def _head() -> str | None:
    return _scripts().get_current_head()


def schema(revision: str | None) -> Finding:
    """Say how the database's schema stands to this version of ours."""
    head = _head()
    if revision == head:
        return Finding("ok", "schema", f"is current ({head})")
    if revision is None:
        return Finding("note", "schema", "is not there yet; `skiclock serve` makes it.")
    if revision not in {script.revision for script in _scripts().walk_revisions()}:
        return Finding(
            "FAIL",
            "schema",
            f"is {revision}, which a newer version of skiclock made. Install that one again.",
        )
    return Finding(
        "FAIL",
        "schema",
        f"is {revision}, this version needs {head}. Back up, then run `skiclock migrate`, or"
        " start `skiclock serve`, which does it too.",
    )


def time_of(now: datetime, *, database_now: datetime | None, newest: datetime | None) -> Finding:
    """Say whether this machine's clock can be right, by what the database knows of time."""
    off = abs(now - database_now) if database_now else timedelta()
    if off > CLOCK_MAY_DIFFER:
        seconds = round(off.total_seconds())
        sentence = f"differs from the database's by {seconds:,} s; set up NTP on both machines."
        return Finding("FAIL", "time", sentence)
    if newest and newest - now > CLOCK_MAY_DIFFER:
        behind = round((newest - now).total_seconds())
        sentence = (
            f"a clock was heard {behind:,} s after now: this machine's time is behind, or was"
            " ahead. Set up NTP (`timedatectl set-ntp true`)."
        )
        return Finding("FAIL", "time", sentence)
    return Finding("ok", "time", f"{now:%Y-%m-%d %H:%M:%S} UTC")


async def _still_v1(session: AsyncSession) -> Finding | None:
    since = datetime.now(UTC) - V1_IS_GONE_AFTER
    row = (await session.execute(text(_V1_CLOCKS), {"since": since})).one()
    return v1_key(old_clocks=row[0], new_clocks=row[1])


def v1_key(*, old_clocks: int, new_clocks: int) -> Finding | None:
    """Say whether the shared keys of the first generation are open for nobody any more."""
    if old_clocks or not new_clocks:
        return None
    return Finding(
        "note",
        "v1 keys",
        "no clock of the first generation was heard for 30 days, but their shared keys still"
        " open the server. Give DOWNLOAD_API_KEY, UPLOAD_API_KEY and MQTT_PASSWORD new random"
        " values, and CI a key of its own: `skiclock key add ci --scope upload`.",
    )


async def broker(settings: Settings) -> AsyncIterator[Finding]:
    """Whether the broker is there and lets our user in."""
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
        yield _no_broker(settings, f"{host}:{port}", error)


def _no_broker(settings: Settings, place: str, error: aiomqtt.MqttError) -> Finding:
    code = getattr(error, "rc", None)
    number = getattr(code, "value", code)
    if number in _NOT_LET_IN:
        hint = (
            "The running server was started with another one: start it again."
            if settings.embeds_broker
            else "Set MQTT_USERNAME and MQTT_PASSWORD as the broker has them."
        )
        user = settings.mqtt_username
        sentence = f"{place} is there, but does not take the password of {user}. {hint}"
        return Finding("FAIL", "broker", sentence)
    if settings.embeds_broker:
        return Finding("note", "broker", "the embedded one runs while `skiclock serve` does.")
    hint = "Check MQTT_HOST, MQTT_PORT, MQTT_TLS, MQTT_CA_FILE and that the broker runs."
    return Finding("FAIL", "broker", f"{place}: {error}. {hint}")


_RENEW = {
    Holder.OWN_BROKER: "Restart `skiclock serve`: it makes a new one.",
    Holder.OWN_AUTHORITY: "Clocks must be given a new authority before: see README.",
    Holder.BROKER: "Renew it where the broker runs; clocks cannot connect once it has ended.",
    Holder.WEB: "Renew it where the proxy runs; browsers and clocks refuse one that has ended.",
}


async def certificates(settings: Settings) -> AsyncIterator[Finding]:
    """When the certificates end that clocks and browsers trust."""
    now = datetime.now(UTC)
    for seen in await look(settings):
        yield certificate(seen, now=now)


def certificate(seen: Seen, *, now: datetime) -> Finding:
    """Say how long one certificate still holds."""
    days = seen.days_left(now)
    if days is None:
        own = seen.holder in {Holder.OWN_BROKER, Holder.OWN_AUTHORITY}
        return Finding(
            "note" if own else "FAIL",
            "TLS",
            f"no certificate to be seen at {seen.place}: {seen.problem}.",
        )
    if not seen.ends_soon(now):
        return Finding("ok", "TLS", f"the certificate of {seen.place} ends in {days:,} days")
    when = f"ends in {days} days" if days >= 0 else f"ended {-days} days ago"
    return Finding("FAIL", "TLS", f"the certificate of {seen.place} {when}. {_RENEW[seen.holder]}")
