"""Watches the certificates that clocks and browsers trust: which end soon, and which have ended.

Of our own broker the files are read; of an external broker and of the proxy before the web
server, what they show to whoever connects. Whether a certificate is trusted is not judged
here: the link to the broker does that at each connect.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from cryptography import x509

from backend.config import Settings

WARN_BEFORE = timedelta(days=30)
LOOK_EVERY_S = 6 * 3600.0
LOOK_AGAIN_S = 300.0  # somebody who does not answer
_CONNECT_WITHIN_S = 8.0

log = structlog.get_logger(__name__)


class Holder(StrEnum):
    """Whose certificate it is; what to do before it ends depends on that."""

    OWN_BROKER = "own_broker"  # renewed at each start of the server
    OWN_AUTHORITY = "own_authority"  # lives for 20 years; clocks must be given the next one
    BROKER = "broker"  # an external broker's: whoever runs it renews it
    WEB = "web"  # the proxy's that speaks HTTPS for us


@dataclass(frozen=True, slots=True)
class Seen:
    """A certificate as it was seen last; `ends_at` is None where none could be had, and why."""

    holder: Holder
    place: str  # a file, or an address
    ends_at: datetime | None
    problem: str = ""

    def days_left(self, now: datetime) -> int | None:
        """Return whole days until it ends; negative afterwards."""
        return None if self.ends_at is None else (self.ends_at - now) // timedelta(days=1)

    def ends_soon(self, now: datetime) -> bool:
        """Tell whether somebody should do something."""
        return self.ends_at is not None and self.ends_at - now <= WARN_BEFORE


def ending(seen: Iterable[Seen], *, now: datetime) -> list[Seen]:
    """Return those that have ended or will soon, the first to end first."""
    soon = [(one.ends_at, one) for one in seen if one.ends_at and one.ends_soon(now)]
    return [one for _, one in sorted(soon, key=lambda pair: pair[0])]


async def look(settings: Settings) -> list[Seen]:
    """Return every certificate that this server and its clocks depend on."""
    looks: list[Awaitable[Seen]] = []
    if settings.embeds_broker:
        folder = settings.data / "tls"
        looks += [
            asyncio.to_thread(_of_file, Holder.OWN_BROKER, folder / "server.pem"),
            asyncio.to_thread(_of_file, Holder.OWN_AUTHORITY, folder / "ca.pem"),
        ]
    elif settings.mqtt_tls:
        looks.append(_of_address(Holder.BROKER, settings.mqtt_host, settings.broker_port))
    url = urlsplit(settings.base_url)
    if url.scheme == "https" and url.hostname:
        looks.append(_of_address(Holder.WEB, url.hostname, url.port or 443))
    return list(await asyncio.gather(*looks))


class CertificateWatch:
    """Looks every few hours and remembers what it saw; listeners hear of each change."""

    def __init__(self, settings: Settings) -> None:
        self.seen: list[Seen] = []
        self.listeners: list[Callable[[], None]] = []
        self._settings = settings

    async def run(self) -> None:
        """Look until cancelled; soon again while one cannot be seen."""
        while True:
            await self.refresh()
            unseen = any(one.ends_at is None for one in self.seen)
            await asyncio.sleep(LOOK_AGAIN_S if unseen else LOOK_EVERY_S)

    async def refresh(self) -> None:
        """Look now. What cannot be seen any more keeps the end that was seen before."""
        before = {(one.holder, one.place): one for one in self.seen}
        found = await look(self._settings)
        self.seen = [
            before.get((one.holder, one.place), one) if one.ends_at is None else one
            for one in found
        ]
        now = datetime.now(UTC)
        for one in ending(self.seen, now=now):
            days = one.days_left(now)
            log.warning("certificate.ends_soon", holder=one.holder, place=one.place, days=days)
        for listener in self.listeners:
            listener()

    def ending(self, *, now: datetime) -> list[Seen]:
        """Return those that need somebody."""
        return ending(self.seen, now=now)


def _of_file(holder: Holder, file: Path) -> Seen:
    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
    except FileNotFoundError:
        return Seen(holder, str(file), None, "no file is there yet")
    except (OSError, ValueError) as error:
        return Seen(holder, str(file), None, str(error))
    return Seen(holder, str(file), certificate.not_valid_after_utc)


async def _of_address(holder: Holder, host: str, port: int) -> Seen:
    place = f"{host}:{port}"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # one that has ended must be seen, too; nothing is sent
    try:
        async with asyncio.timeout(_CONNECT_WITHIN_S):
            _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
    except (OSError, TimeoutError) as error:
        return Seen(holder, place, None, str(error) or "no answer")
    try:
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return Seen(holder, place, x509.load_der_x509_certificate(shown).not_valid_after_utc)
    finally:
        writer.close()
