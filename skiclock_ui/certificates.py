"""What pages say of certificates that end: to those who may do something about it."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from backend.access import Permission
from backend.certificate_watch import CertificateWatch, Holder, Seen
from skiclock_ui.i18n import _
from skiclock_ui.live import Live, Topic

CHANGES_EVERY_S = 5.0


def add_certificates(live: Live, watch: CertificateWatch) -> None:
    """Let the open pages of those who see diagnostics follow what ends."""
    changed = asyncio.Event()

    async def snapshot() -> list[dict[str, Any]]:
        return ending_message(watch)

    watch.listeners.append(changed.set)
    live.add_topic(
        Topic("certificates", Permission.SEE_DIAGNOSTICS, snapshot, CHANGES_EVERY_S, wake=changed)
    )


def ending_message(watch: CertificateWatch) -> list[dict[str, Any]]:
    """Return what ends within the time of the warning, the first to end first."""
    now = datetime.now(UTC)
    return certificate_message(watch.ending(now=now), now=now)


def certificate_message(seen: Iterable[Seen], *, now: datetime) -> list[dict[str, Any]]:
    """Return certificates as pages are told them; times in Unix seconds."""
    return [
        {
            "holder": one.holder.value,
            "place": one.place,
            "ends_at": one.ends_at.timestamp() if one.ends_at else None,
            "days_left": one.days_left(now),
            "soon": one.ends_soon(now),
            "problem": one.problem,
        }
        for one in seen
    ]


def certificate_words() -> dict[str, Any]:
    """Return the sentences of the banner: which one, and what to do about it."""
    return {
        "ends": _("{certificate} ends on {date}. {to_do}"),
        "ended": _("{certificate} ended on {date}. {to_do}"),
        "of": {
            Holder.OWN_BROKER.value: [
                _("The broker's certificate"),
                _("Restart the server: it makes a new one."),
            ],
            Holder.OWN_AUTHORITY.value: [
                _("The certificate authority that clocks trust"),
                _("Clocks must be given another one before."),
            ],
            Holder.BROKER.value: [
                _("The certificate of the broker {place}"),
                _("Renew it there: clocks cannot connect once it has ended."),
            ],
            Holder.WEB.value: [
                _("The certificate of {place}"),
                _("Renew it at the proxy: browsers and clocks refuse one that has ended."),
            ],
        },
    }


def holder_names() -> dict[str, str]:
    """Return what each certificate is of, in a word or two."""
    return {
        Holder.OWN_BROKER.value: _("Broker"),
        Holder.OWN_AUTHORITY.value: _("Authority"),
        Holder.BROKER.value: _("Broker"),
        Holder.WEB.value: _("Web address"),
    }
