"""The wiring: every part is made here and handed to those that need it."""

import asyncio
import hmac
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from fastapi import FastAPI

from backend import (
    access,
    api,
    clock_settings,
    devices,
    heartbeats,
    reports,
    retention,
    update_log,
    upkeep,
)
from backend.announce import Announcer
from backend.api_keys import ApiKeys
from backend.batch import Item, Silence
from backend.broker_door import BrokerDoor
from backend.certificate_watch import CertificateWatch
from backend.claims import Claims
from backend.clock_keys import ClockKeys
from backend.clock_users import ClockUsers
from backend.config import Settings
from backend.contract.messages import KIND_OF
from backend.contract.topics import Topics
from backend.db import Database, is_unavailable, sentence_of
from backend.device_keys import DeviceKeys
from backend.diagnostics import Diagnostics
from backend.dispatch import Dispatcher
from backend.firmware import Catalogue
from backend.fleet import Fleet
from backend.health import Health
from backend.image_cache import ImageCache
from backend.ingest import Ingest
from backend.issuers import Issuers
from backend.keeper import Keeper
from backend.links import DownloadLog, Links
from backend.mqtt import Link
from backend.object_store import open_storage
from backend.production import Production
from backend.publishers import Publishers
from backend.sealed import Seal
from backend.second_factor import SecondFactors
from backend.sign_ins import SignIns
from backend.single_sign_on import SingleSignOn
from backend.snapshots import Snapshots
from backend.storage import Storage
from backend.surroundings import Surroundings
from backend.sync import Follower

log = structlog.get_logger(__name__)

LOAD_RETRY_MAX_S = 5.0

Work = Callable[[], Coroutine[None, None, None]]


@dataclass(slots=True, eq=False)
class Server:
    """All parts of one server."""

    settings: Settings
    surroundings: Surroundings
    database: Database
    health: Health
    diagnostics: Diagnostics
    fleet: Fleet
    catalogue: Catalogue
    storage: Storage
    images: ImageCache
    keeper: Keeper
    sign_ins: SignIns
    factors: SecondFactors
    step_seal: Seal
    issuers: Issuers
    sso: SingleSignOn | None
    publishers: Publishers
    keys: ApiKeys
    broker_door: BrokerDoor
    claims: Claims
    clock_keys: ClockKeys
    clock_users: ClockUsers
    device_keys: DeviceKeys
    links: Links
    downloads: DownloadLog
    ingest: Ingest
    link: Link
    topics: Topics
    snapshots: Snapshots
    dispatcher: Dispatcher
    announcer: Announcer
    certificates: CertificateWatch
    follower: Follower
    started_at: datetime
    loaded: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the schema is current and the live state is loaded."""
    first_password: str | None = None
    """The first admin's password, when this start made it."""


def create_server(settings: Settings, surroundings: Surroundings) -> Server:
    """Make the parts; nothing runs yet. Raises SettingsError where the image store is none."""
    database = Database(surroundings.database_url)
    health, diagnostics, fleet = Health(), Diagnostics(), Fleet()
    catalogue = Catalogue(settings.platforms)
    storage = open_storage(settings)

    def misfit(item: Item) -> None:
        message = item.message
        if not isinstance(message, Silence):
            kind, payload = KIND_OF[type(message)], repr(message).encode()
            diagnostics.note(kind, "misfit", message.device_id, payload, item.received_at)

    issuers = Issuers()
    secret_key = settings.secret_key.get_secret_value()
    factors = SecondFactors(database, Seal(secret_key, "second factors"))
    clock_keys = ClockKeys(settings.clock_key.get_secret_value())
    topics, snapshots = Topics(settings.mqtt_topic_prefix), Snapshots()
    clock_users = ClockUsers(
        database,
        clock_keys,
        topics,
        surroundings.set_clock_users,
        on_new=lambda device_ids: dispatcher.take_wanted(device_ids),
        is_shared_on=surroundings.is_shared_user_on,
        tells_first=settings.broker_dynsec,
    )
    link = Link(surroundings.broker, topics, health, diagnostics, put=lambda item: ingest.put(item))
    dispatcher = Dispatcher(
        database, link, fleet, keys=clock_keys, topics=topics, on_use=clock_users.note_use
    )
    ingest = Ingest(
        database,
        fleet,
        health,
        newest_of=catalogue.newest,
        answer=link.answer,
        misfit=misfit,
        contact=dispatcher,
        snapshots=snapshots,
        platforms=settings.platforms,
    )
    announcer = Announcer(database, link)
    keeper = Keeper(database, storage, catalogue, health, owner=_owner(settings))
    production = Production(
        settings.production_api_url,
        settings.production_api_key.get_secret_value(),
        settings.production_upload_key.get_secret_value(),
    )
    return Server(
        settings=settings,
        surroundings=surroundings,
        database=database,
        health=health,
        diagnostics=diagnostics,
        fleet=fleet,
        catalogue=catalogue,
        storage=storage,
        images=ImageCache(storage, settings.image_cache_bytes),
        keeper=keeper,
        sign_ins=SignIns(database, factors),
        factors=factors,
        step_seal=Seal(secret_key, "sign-in between password and code"),
        issuers=issuers,
        sso=_single_sign_on(settings, issuers),
        publishers=Publishers(
            database, issuers, settings.publisher_rules, public_url=settings.public_url
        ),
        keys=ApiKeys(database, settings),
        broker_door=BrokerDoor(
            clock_keys,
            topics,
            clock_users,
            name=settings.mqtt_username,
            password=settings.mqtt_password.get_secret_value(),
        ),
        claims=Claims(),
        clock_keys=clock_keys,
        clock_users=clock_users,
        device_keys=DeviceKeys(database, clock_keys, on_retired=clock_users.hurry),
        links=Links(settings.secret_key.get_secret_value()),
        downloads=DownloadLog(database),
        ingest=ingest,
        link=link,
        topics=topics,
        snapshots=snapshots,
        dispatcher=dispatcher,
        certificates=CertificateWatch(settings),
        announcer=announcer,
        follower=Follower(settings, production, database, storage, catalogue, announcer, keeper),
        started_at=datetime.now(UTC),
    )


def _single_sign_on(settings: Settings, issuers: Issuers) -> SingleSignOn | None:
    if settings.sso is None:
        return None
    seal = Seal(settings.secret_key.get_secret_value(), "single sign-on")
    return SingleSignOn(settings.sso, issuers, seal, public_url=settings.public_url)


def create_app(server: Server) -> FastAPI:
    """Return the web application of a server: its routes, and the life of its parts."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with running(server):
            yield

    app = api.create_api(server, lifespan)
    app.state.server = server
    return app


@asynccontextmanager
async def running(server: Server) -> AsyncIterator[None]:
    """Run the parts; at the end, write what was received and close."""
    settings = server.settings
    works: dict[str, Work] = {
        "link": server.link.run,
        "answers": server.link.run_outbox,
        "database": partial(upkeep.watch_database, server.database, server.health),
        "downloads": server.downloads.run,
        "certificates": server.certificates.run,
        "ingest": _after_load(server, server.ingest.run),
        "announcer": _after_load(server, server.announcer.run),
        "dispatcher": _after_load(server, server.dispatcher.run),
        "follower": _after_load(server, server.follower.run),
        "keeper": _after_load(server, server.keeper.run),
        "clock users": _after_load(server, server.clock_users.run),
        "retention": _after_load(
            server,
            partial(retention.keep, server.database, settings, server.fleet, server.catalogue),
        ),
        "partitions": _after_load(
            server,
            partial(upkeep.keep_partitions, server.database, keep_days=settings.heartbeat_days),
        ),
        "tidying": _after_load(
            server, partial(upkeep.tidy_up, server.database, server.sign_ins, server.storage)
        ),
        "silence": _after_load(
            server,
            partial(
                upkeep.sweep_silence,
                server.fleet,
                server.ingest,
                silence=timedelta(seconds=settings.update_silence_s),
                offer_lifetime=timedelta(seconds=settings.offer_lifetime_s),
            ),
        ),
    }
    tasks = [asyncio.create_task(_load(server), name="load")]
    tasks += [
        asyncio.create_task(upkeep.keep_running(name, work), name=name)
        for name, work in works.items()
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.ingest.drain()
        await server.downloads.flush()
        await server.issuers.close()
        await server.database.close()
        log.info("server.stopped")


async def _load(server: Server) -> None:
    """Bring the schema up to date and load the live state, however long the database takes."""
    delay_s = 0.2
    while True:
        try:
            await _load_once(server)
        except Exception as error:
            server.health.set_database(ok=False, detail=sentence_of(error), now=_now())
            if not is_unavailable(error):
                log.exception("load.failed")
        else:
            server.health.set_database(ok=True, now=_now())
            server.ingest.is_answering = True
            server.loaded.set()
            log.info("server.loaded", clocks=len(server.fleet.clocks))
            return
        await asyncio.sleep(delay_s * random.uniform(0.5, 1))  # noqa: S311 - jitter
        delay_s = min(delay_s * 2, LOAD_RETRY_MAX_S)


async def _load_once(server: Server) -> None:
    await server.database.migrate()
    async with server.database.session() as session:
        await heartbeats.ensure_partitions(session, now=_now())
        password = await access.ensure_first_admin(session, server.settings, now=_now())
        server.fleet.load(
            await devices.load_devices(session),
            await update_log.load_open(session),
            await update_log.load_newest_begun(session),
            await reports.load_standings(session),
            await clock_settings.load_wanted(session),
        )
        await server.catalogue.load(session)
    await server.keys.load(now=_now())
    server.first_password = password or server.first_password


def _after_load(server: Server, work: Work) -> Work:
    async def begin() -> None:
        await server.loaded.wait()
        await work()

    return begin


def _owner(settings: Settings) -> str:
    """Return by what a bucket knows this server; the same on every machine that it moves to."""
    key = settings.secret_key.get_secret_value().encode()
    return hmac.digest(key, b"owner of the image store", "sha256").hex()[:32]


def _now() -> datetime:
    return datetime.now(UTC)
