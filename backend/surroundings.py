"""Where database and broker are: outside, as settings name them, or embedded and started here."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from backend.clock_users import SetUsers
from backend.config import Settings
from backend.dynsec import Dynsec
from backend.embedded.broker import (
    BrokerUser,
    EmbeddedBroker,
    server_user,
    shared_clock_user,
)
from backend.embedded.certificates import ensure_certificates
from backend.embedded.postgres import EmbeddedPostgres
from backend.mqtt import BrokerAddress
from backend.upkeep import keep_running

SERVER_USER = "skiclock-server"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the server stands on. `broker_ca` is what a clock needs to trust our own broker."""

    database_url: str
    broker: Callable[[], BrokerAddress]
    broker_ca: Path | None = None
    clocks_connect_to: str = ""
    set_clock_users: SetUsers | None = None
    """Tells our own broker which clocks have credentials of their own; None: it is not ours."""
    is_shared_user_on: bool = True
    """Whether our own broker let in the user that the first generation shares when it started."""


@asynccontextmanager
async def surroundings(settings: Settings) -> AsyncIterator[Surroundings]:
    """Start what settings do not name, keep it alive, and stop it at the end."""
    async with AsyncExitStack() as stack:
        database_url = settings.database_url.get_secret_value()
        if settings.embeds_database:
            postgres = EmbeddedPostgres(settings.data / "postgres")
            database_url = await postgres.start()
            stack.push_async_callback(postgres.stop)
            _supervise(stack, "postgres", postgres.supervise)
        if not settings.embeds_broker:
            dynsec = Dynsec(lambda: _external_broker(settings), settings.mqtt_topic_prefix)
            yield Surroundings(
                database_url,
                lambda: _external_broker(settings),
                clocks_connect_to=f"{settings.mqtt_host}:{settings.broker_port}",
                set_clock_users=dynsec.set_users if settings.broker_dynsec else None,
            )
            return
        certificates = ensure_certificates(
            settings.data / "tls", names=_names(settings), now=datetime.now(UTC)
        )
        password = uuid4().hex
        server, shared = _broker_users(settings, password)
        # Known before the database is there: what was turned off stays so over a restart.
        off = settings.data / "shared-mqtt-user-is-off"
        is_shared_on = not off.exists()
        broker = EmbeddedBroker(
            settings.data / "broker",
            port=settings.embedded_mqtt_port,
            tls_port=settings.embedded_mqtt_tls_port,
            users=[server, shared] if is_shared_on else [server],
            certificates=certificates,
        )
        await broker.start()
        stack.push_async_callback(broker.stop)
        _supervise(stack, "broker", broker.supervise)

        async def set_clock_users(users: Sequence[BrokerUser], is_shared_on: bool) -> None:
            common = [server, shared] if is_shared_on else [server]
            await broker.set_users([*common, *users])
            if is_shared_on:
                off.unlink(missing_ok=True)
            else:
                off.touch()

        yield Surroundings(
            database_url,
            lambda: BrokerAddress(
                "127.0.0.1", broker.port, SERVER_USER, password, None, _client_id(settings)
            ),
            certificates.ca_file,
            f"{_names(settings)[0] if _names(settings) else 'localhost'}:{broker.tls_port}",
            set_clock_users,
            is_shared_on,
        )


def _broker_users(settings: Settings, server_password: str) -> tuple[BrokerUser, BrokerUser]:
    """The server may do all; v1 clocks share one user, who may do what clocks do."""
    prefix = settings.mqtt_topic_prefix
    password = settings.mqtt_password.get_secret_value()
    return (
        server_user(SERVER_USER, server_password, prefix),
        shared_clock_user(settings.mqtt_username, password, prefix),
    )


def _external_broker(settings: Settings) -> BrokerAddress:
    tls = ssl.create_default_context(cafile=settings.mqtt_ca_file) if settings.mqtt_tls else None
    return BrokerAddress(
        settings.mqtt_host,
        settings.broker_port,
        settings.mqtt_username,
        settings.mqtt_password.get_secret_value(),
        tls,
        _client_id(settings),
    )


def _client_id(settings: Settings) -> str:
    """Return this installation's own id: the broker keeps messages for it while it is away."""
    file = settings.data / "instance-id"
    if not file.exists():
        file.write_text(uuid4().hex[:12])
    return f"skiclock-server-{file.read_text().strip()}"


def _names(settings: Settings) -> list[str]:
    host = urlsplit(settings.base_url).hostname
    return [host] if host else []


def _supervise(
    stack: AsyncExitStack, name: str, supervise: Callable[[], Coroutine[None, None, None]]
) -> None:
    task = asyncio.create_task(keep_running(name, supervise))
    stack.push_async_callback(_end, task)


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
