"""The element of the keys page, and its words."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from backend.access import Identity, Permission
from backend.api_keys import DEFAULT_OVERLAP, MAX_OVERLAP, Scope
from backend.config import Settings
from backend.key_models import Shared, SharedAccess
from backend.models import ApiKey, Device
from backend.shared_access import LOOK_BACK
from skiclock_ui import refusals
from skiclock_ui.components.element import PageElement, component
from skiclock_ui.i18n import _, both_forms

SHOWN_CLOCKS = 50

PERMISSION_FOR = {
    Scope.UPLOAD: Permission.UPLOAD_FIRMWARE,
    Scope.DOWNLOAD: Permission.DOWNLOAD_FIRMWARE,
    Scope.READ: Permission.SEE_CLOCKS,
    Scope.METRICS: Permission.SEE_DIAGNOSTICS,
    Scope.PROMOTE: Permission.FOLLOW_PRODUCTION,
}
"""Nobody makes a key that opens what they may not do themselves."""


class KeysElement(PageElement):
    """Every key, what can be done with it, and the switches of what is shared."""

    component = component(Path(__file__).with_name("keys.js"))


def keys_state(
    keys: Iterable[ApiKey],
    shared: Mapping[Shared, SharedAccess],
    clocks: Sequence[Device],
    settings: Settings,
    identity: Identity,
    *,
    now: datetime,
) -> dict[str, Any]:
    """Return the keys page as it stands. Times in Unix seconds."""
    return {
        "keys": [_key(key, now) for key in keys],
        "scopes": [str(one) for one in Scope if identity.may(PERMISSION_FOR[one])],
        "shared": [_shared(one, shared.get(one), settings) for one in Shared],
        "sharing": len(clocks),
        "clocks": [{"device_id": one.device_id, "name": one.name} for one in clocks[:SHOWN_CLOCKS]],
    }


def _key(key: ApiKey, now: datetime) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": list(key.scopes),
        "state": _state(key, now),
        "created_at": key.created_at.timestamp(),
        "created_by": key.created_by,
        "until": key.expires_at.timestamp() if key.expires_at else None,
        "last_used_at": key.last_used_at.timestamp() if key.last_used_at else None,
    }


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= now else "valid"


def _shared(what: Shared, row: SharedAccess | None, settings: Settings) -> dict[str, Any]:
    secret = {
        Shared.UPLOAD_KEY: settings.upload_api_key,
        Shared.DOWNLOAD_KEY: settings.download_api_key,
        Shared.MQTT_USER: settings.mqtt_password,
    }[what]
    is_ours = what is not Shared.MQTT_USER or settings.embeds_broker
    return {
        "name": str(what),
        "works": not (row is not None and row.is_off),
        "is_set": bool(secret.get_secret_value()),
        "is_ours": is_ours,
        "changed_at": row.changed_at.timestamp() if row and row.changed_at else None,
        "changed_by": row.changed_by if row else None,
        "last_used_at": row.last_used_at.timestamp() if row and row.last_used_at else None,
    }


def keys_rules() -> dict[str, Any]:
    """Return what the forms need to know."""
    return {"overlap_days": DEFAULT_OVERLAP.days, "max_overlap_days": MAX_OVERLAP.days}


def keys_words() -> dict[str, Any]:
    """Return every text of the keys page in the current language."""
    return {
        "title": _("Keys"),
        "about": _("What programs show in place of a person: builds, dashboards, scrapers."),
        "make": _("Make a key"),
        "name": _("What it is for"),
        "name_hint": _("Build of the club"),
        "opens": _("Opens"),
        "scopes": {
            "upload": _("publishing firmware"),
            "download": _("taking firmware and asking for versions"),
            "read": _("reading clocks, updates and status"),
            "metrics": _("reading the figures for Prometheus"),
            "promote": _("sending published firmware on to production"),
        },
        "expires": _("Expires"),
        "lifetimes": [
            [30, _("after 30 days")],
            [90, _("after 90 days")],
            [365, _("after a year")],
            [0, _("never")],
        ],
        "cancel": _("Cancel"),
        "made_title": _("The key {name}"),
        "made_once": _("It is shown only now, and kept as a hash. Send it as X-API-Key."),
        "old_until": _("The one before it works until {time}."),
        "copy": _("Copy"),
        "copied": _("Copied"),
        "close": _("Close"),
        "key": _("Key"),
        "last_used": _("Last used"),
        "never": _("never"),
        "made_by": _("made by {name}"),
        "states": {"valid": _("Valid"), "expired": _("Expired"), "revoked": _("Revoked")},
        "actions": _("Actions for the key {name}"),
        "rotate": _("Rotate"),
        "rotate_hint": both_forms(
            "A new key takes its place; the old one works for {n} day more.",
            "A new key takes its place; the old one works for {n} days more.",
        ),
        "days": _("Days for both"),
        "revoke": _("Revoke"),
        "revoke_sure": _("Whatever shows it is refused at once. Sure?"),
        "keep": _("Keep"),
        "revoked": _("The key {name} is revoked."),
        "none": _("No key yet"),
        "none_hint": _("Make one for each program, so that each can be revoked alone."),
        "past": _("Expired and revoked"),
        "shared_title": _("Shared by the first generation"),
        "shared_about": _(
            "Whoever takes one clock apart holds these for all. Turn each off once nothing needs "
            "it any more; it can be turned on again."
        ),
        "shared": {
            "upload_key": _("The build's key"),
            "download_key": _("The clocks' key"),
            "mqtt_user": _("The clocks' user at the broker"),
        },
        "shared_hint": {
            "upload_key": _("Publishes firmware: UPLOAD_API_KEY."),
            "download_key": _("Takes firmware: DOWNLOAD_API_KEY."),
            "mqtt_user": _("Lets a clock speak and listen: MQTT_PASSWORD."),
        },
        "not_ours": _("The broker is not this server's: take the user away there."),
        "works": _("Works"),
        "is_off": _("Turned off"),
        "is_unset": _("Not set"),
        "turn_off": _("Turn off"),
        "turn_on": _("Turn on"),
        "turn_sure": _in_days(
            both_forms(
                "{n} clock of the last {days} days has no credentials of its own and is cut off. "
                "Sure?",
                "{n} clocks of the last {days} days have no credentials of their own and are "
                "cut off. Sure?",
            )
        ),
        "turn_upload_sure": _("Builds that show it are refused at once. Sure?"),
        "turned_off": _("{name}: turned off."),
        "turned_on": _("{name}: works again."),
        "sharing": _in_days(
            both_forms(
                "{n} clock heard in the last {days} days still needs what is shared",
                "{n} clocks heard in the last {days} days still need what is shared",
            )
        ),
        "nobody_shares": _in_days(
            [_("Every clock heard in the last {days} days has credentials of its own.")]
        )[0],
        "more_clocks": _("and {n} more"),
        "problems": refusals.sentences(),
        "failed": _("This did not work. Try again."),
    }


def _in_days(texts: list[str]) -> list[str]:
    """Return texts that name how far back is looked; the number of clocks is the browser's."""
    return [text.replace("{days}", str(LOOK_BACK.days)) for text in texts]
