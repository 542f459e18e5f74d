"""`skiclock doctor`: looks at everything that the server stands on, and says what to do."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable

import httpx

from backend.cli.finding import Finding
from backend.cli.machine_checks import server, storage, web_address
from backend.cli.output import say
from backend.cli.service_checks import broker, bucket, certificates, database, secrets
from backend.config import Settings, SettingsError, load_settings
from backend.db import sentence_of
from backend.embedded.errors import EmbeddedError

Check = Callable[[Settings], AsyncIterator[Finding]]
CHECKS: tuple[Check, ...] = (
    web_address,
    secrets,
    storage,
    bucket,
    database,
    broker,
    certificates,
    server,
)


def doctor_command() -> None:
    """Check settings, disk, database, broker, certificates, ports and clock; say what to do."""
    try:
        settings = load_settings()
    except SettingsError as error:
        _report([Finding("FAIL", "settings", problem) for problem in error.problems])
        return
    _report(
        [
            Finding("ok", "settings", f"read; data folder is {settings.data}"),
            *asyncio.run(_examine(settings)),
        ]
    )


def _report(findings: list[Finding]) -> None:
    for finding in findings:
        say(f"{finding.mark:<5} {finding.about:<12} {finding.sentence}")
    failed = sum(finding.mark == "FAIL" for finding in findings)
    say("")
    say("All is well." if not failed else f"{failed} to mend.")
    sys.exit(1 if failed else 0)


async def _examine(settings: Settings) -> list[Finding]:
    return [finding for check in CHECKS async for finding in _safely(check, settings)]


async def _safely(check: Check, settings: Settings) -> AsyncIterator[Finding]:
    """Run one check; what it trips over is a finding too."""
    try:
        async for finding in check(settings):
            yield finding
    except (EmbeddedError, OSError, TimeoutError, httpx.HTTPError) as error:
        yield Finding("FAIL", check.__name__, sentence_of(error))
