"""What `skiclock doctor` looks at on this machine: address, disk, ports, the running server."""

import asyncio
import ctypes
import errno
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil

from backend.cli.finding import Finding
from backend.config import Settings

ANSWER_TIMEOUT_S = 3.0
FREE_BYTES_WANTED = 1_000_000_000
FREE_SHARE_WANTED = 0.05
_LOCAL = {"localhost", "127.0.0.1", "::1"}
_UNSYNCHRONISED = 5  # adjtimex's TIME_ERROR


async def web_address(settings: Settings) -> AsyncIterator[Finding]:
    """Whether people and clocks reach us in a way that lets them do all they may."""
    url = urlsplit(settings.public_url)
    if url.scheme != "https" and url.hostname not in _LOCAL:
        yield Finding(
            "FAIL",
            "address",
            f"{settings.public_url} is not HTTPS: passwords cross the network in the open, and"
            " browsers flash clocks over USB only from HTTPS or localhost. Put a proxy with a"
            " certificate before it (deploy/ has examples) and set SKICLOCK_BASE_URL to https://.",
        )
    elif not settings.base_url and settings.host not in _LOCAL:
        yield Finding(
            "FAIL",
            "address",
            "SKICLOCK_BASE_URL is not set: links for people and clocks say localhost. Set it to"
            " the address that they use, https:// and the proxy's name.",
        )
    elif url.scheme == "https" and settings.host not in _LOCAL:
        yield Finding(
            "note",
            "address",
            f"the proxy speaks HTTPS, but SKICLOCK_HOST={settings.host} also answers without it;"
            " 127.0.0.1 is enough for a proxy on this machine.",
        )
    else:
        yield Finding("ok", "address", settings.public_url)


async def storage(settings: Settings) -> AsyncIterator[Finding]:
    """Whether the data folder can be written, and for how much longer."""
    probe = settings.data / ".doctor"
    await asyncio.to_thread(probe.write_bytes, b"x")
    await asyncio.to_thread(probe.unlink)
    usage = shutil.disk_usage(settings.data)
    free, share = usage.free, usage.free / usage.total
    if free < FREE_BYTES_WANTED or share < FREE_SHARE_WANTED:
        yield Finding(
            "FAIL",
            "storage",
            f"the disk of {settings.data} is nearly full: {free // 1_000_000:,} MB or {share:.0%}"
            " are free. Make room, or keep less: HEARTBEAT_DAYS, UPDATE_DAYS, DOWNLOAD_DAYS.",
        )
    else:
        yield Finding("ok", "storage", f"can be written, {free // 1_000_000_000:,} GB free")


async def server(settings: Settings) -> AsyncIterator[Finding]:
    """Whether the server runs here and is ready; where not, whether its ports are free."""
    yield clock_keeping(_is_synchronised())
    if not await _is_ours(settings):
        yield Finding("note", "server", "does not run here; `skiclock serve` starts it.")
        for finding in _ports(settings):
            yield finding
        return
    async with httpx.AsyncClient(timeout=ANSWER_TIMEOUT_S) as client:
        answer = await client.get(_own_url(settings) + "/readyz")
    if answer.is_success:
        yield Finding("ok", "server", f"is ready at {settings.public_url}")
    else:
        yield Finding("FAIL", "server", f"runs but is not ready: {answer.text[:300]}")


def _ports(settings: Settings) -> Iterator[Finding]:
    wanted = [(settings.host, settings.port, "SKICLOCK_PORT")]
    if settings.embeds_broker:
        wanted.append(("127.0.0.1", settings.embedded_mqtt_port, "EMBEDDED_MQTT_PORT"))
        wanted.append(("0.0.0.0", settings.embedded_mqtt_tls_port, "EMBEDDED_MQTT_TLS_PORT"))  # noqa: S104
    for host, port, setting in wanted:
        if problem := _why_not(host, port):
            sentence = f"{port} {problem}. Set {setting} to another one, or end that program."
            yield Finding("FAIL", "port", sentence)


def clock_keeping(is_synchronised: bool | None) -> Finding:
    """Say whether anything keeps this machine's time right; None: the system does not tell."""
    if is_synchronised is False:
        return Finding(
            "note",
            "clock",
            "nothing keeps this machine's time right. Set up NTP (`timedatectl set-ntp true`):"
            " a clock that is off breaks certificates, links and the order of the log.",
        )
    return Finding("ok", "clock", "is kept right" if is_synchronised else "the system keeps it")


async def _is_ours(settings: Settings) -> bool:
    """Tell whether what answers on our port is a server of ours."""
    try:
        async with httpx.AsyncClient(timeout=ANSWER_TIMEOUT_S) as client:
            answer = await client.get(_own_url(settings) + "/healthz")
        return {"status", "database", "broker"} <= set(answer.json())
    except (httpx.HTTPError, ValueError, TypeError):
        return False


def _own_url(settings: Settings) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def _why_not(host: str, port: int) -> str | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return f"is taken by {_holder(port) or 'another program'}"
        return f"cannot be listened on at {host} ({error.strerror})"
    return None


def _holder(port: int) -> str:
    """Return the name of the program that listens on a port, where the system tells us."""
    try:
        for connection in psutil.net_connections("tcp"):
            is_listening = connection.status == psutil.CONN_LISTEN
            if is_listening and getattr(connection.laddr, "port", None) == port:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        return ""
    return ""


def _is_synchronised() -> bool | None:
    """Ask the kernel whether something like NTP steers its clock."""
    if not Path("/proc/self").exists():  # Linux only
        return None
    room = ctypes.create_string_buffer(512)  # struct timex, whose first field 0 means: only tell
    state = ctypes.CDLL(None).adjtimex(room)
    return None if state < 0 else state != _UNSYNCHRONISED
