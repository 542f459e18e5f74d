"""Certificates are seen where they are, and those that end soon are told in time."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.certificate_watch import CertificateWatch, Holder, Seen, ending
from backend.config import load_settings
from backend.embedded import certificates
from backend.embedded.certificates import Certificates, ensure_certificates
from tests.ports import free_ports

pytestmark = pytest.mark.usefixtures("clean_environment")
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def lasting(folder: Path, monkeypatch: pytest.MonkeyPatch, days: float) -> Certificates:
    monkeypatch.setattr(certificates, "SERVER_LIFETIME", timedelta(days=days))
    return ensure_certificates(folder, names=["localhost"], now=datetime.now(UTC))


@asynccontextmanager
async def speaking_tls(held: Certificates, port: int) -> AsyncIterator[None]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(held.cert_file, held.key_file)
    server = await asyncio.start_server(
        lambda _, writer: writer.close(), "127.0.0.1", port, ssl=context
    )
    async with server:
        yield


async def test_what_brokers_and_proxies_show_is_seen_even_when_it_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, nobody = free_ports(2)
    ended = lasting(tmp_path / "ended", monkeypatch, days=-0.5)
    settings = load_settings(
        data=tmp_path,
        base_url=f"https://localhost:{port}",
        mqtt_host="localhost",
        mqtt_port=nobody,
        mqtt_username="club",
    )
    watch = CertificateWatch(settings)
    async with speaking_tls(ended, port):
        await watch.refresh()
    broker, web = watch.seen
    assert (broker.holder, broker.ends_at) == (Holder.BROKER, None)
    assert broker.problem
    assert (web.holder, web.place) == (Holder.WEB, f"localhost:{port}")
    assert web.ends_at == ended.expires_at.replace(microsecond=0)
    assert watch.ending(now=datetime.now(UTC)) == [web]
    await watch.refresh()  # the proxy is away now: what was seen stays known
    assert watch.seen[1] == web


async def test_our_own_brokers_files_are_seen_and_listeners_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = CertificateWatch(load_settings(data=tmp_path))
    told: list[int] = []
    watch.listeners.append(lambda: told.append(len(watch.seen)))
    await watch.refresh()
    assert [one.ends_at for one in watch.seen] == [None, None], "nothing is there yet"
    lasting(tmp_path / "tls", monkeypatch, days=29)
    await watch.refresh()
    assert [one.holder for one in watch.ending(now=datetime.now(UTC))] == [Holder.OWN_BROKER]
    assert told == [2, 2]


def test_the_warning_begins_30_days_before_and_the_first_to_end_comes_first() -> None:
    seen = [Seen(Holder.WEB, str(days), NOW + timedelta(days=days)) for days in (31, 30, 2, -1)] + [
        Seen(Holder.BROKER, "away", None, "no answer")
    ]
    assert [one.place for one in ending(seen, now=NOW)] == ["-1", "2", "30"]
    assert [one.days_left(NOW) for one in seen] == [31, 30, 2, -1, None]
