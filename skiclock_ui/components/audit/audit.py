"""The element of the audit log, and its words."""

from pathlib import Path
from typing import Any

from backend.models import AuditEntry
from skiclock_ui.components.element import PageElement, component
from skiclock_ui.i18n import _


class AuditElement(PageElement):
    """The log, filtered and paged."""

    component = component(Path(__file__).with_name("audit.js"))


def row_of(entry: AuditEntry) -> dict[str, Any]:
    """Return one entry as the page shows it; `key` continues a list below it."""
    return {
        # Whole microseconds, which is what PostgreSQL keeps: a float would round them.
        "key": [int(entry.at.timestamp()) * 1_000_000 + entry.at.microsecond, entry.id],
        "at": entry.at.timestamp(),
        "actor": entry.actor,
        "action": entry.action,
        "object": entry.object,
        "address": entry.address,
        "before": entry.before,
        "after": entry.after,
    }


def audit_words() -> dict[str, Any]:
    """Return every text of the element in the current language."""
    return {
        "title": _("Audit log"),
        "about": _(
            "Who did what, when and from where. Entries are written with what they tell of, "
            "and the database refuses to change or remove them."
        ),
        "export": _("Export as CSV"),
        "filters": _("Find entries"),
        "who": _("Who"),
        "who_hint": _("E-mail or key, or how it begins"),
        "what": _("What"),
        "anything": _("Anything"),
        "on": _("On what"),
        "on_hint": _("Clock, e-mail, version …"),
        "since": _("From day"),
        "until": _("To day"),
        "clear": _("Show all entries"),
        "when": _("When"),
        "change": _("Change"),
        "more": _("Load more"),
        "loading": _("Loading …"),
        "nothing": _("No entry matches"),
        "nothing_hint": _("Choose other days, or show all entries."),
        "database_away": _(
            "The database does not answer, so the log cannot be read. "
            "The page tries again by itself."
        ),
        "yes": _("yes"),
        "no": _("no"),
        "actions": actions(),
    }


def actions() -> dict[str, str]:
    """Return what each action is called."""
    return {
        "audit.export": _("Audit log exported"),
        "clock.claim": _("Credentials made for a clock"),
        "clock.command": _("Clock told something"),
        "clock.group": _("Clock put into a group"),
        "clock.remove": _("Clock removed"),
        "clock.rename": _("Clock renamed"),
        "clock.revoke": _("Clock's credentials revoked"),
        "clock.rotate": _("Clock's credentials renewed"),
        "clock.settings": _("Clock settings changed"),
        "clock.swap": _("Clock replaced by a spare"),
        "firmware.promote": _("Firmware sent to production"),
        "firmware.publish": _("Firmware published"),
        "firmware.retire": _("Old firmware removed"),
        "key.add": _("Key made"),
        "key.revoke": _("Key revoked"),
        "key.rotate": _("Key rotated"),
        "role.add": _("Role made"),
        "role.change": _("What a role allows changed"),
        "role.remove": _("Role removed"),
        "shared.turn": _("What is shared turned off or on"),
        "production.look": _("Production looked at"),
        "user.add": _("Person added"),
        "user.disable": _("Person disabled"),
        "user.enable": _("Person let in again"),
        "user.end_session": _("Browser signed out"),
        "user.factor_codes": _("Recovery codes made anew"),
        "user.factor_off": _("Second factor turned off"),
        "user.factor_on": _("Second factor turned on"),
        "user.factor_reset": _("Second factor reset"),
        "user.invite": _("Person invited"),
        "user.join": _("Person joined"),
        "user.link": _("Known by single sign-on"),
        "user.password": _("Password changed"),
        "user.reset": _("Password set by link"),
        "user.reset_link": _("Link to a new password made"),
        "user.role": _("Role changed"),
        "user.sign_in": _("Signed in"),
        "user.sign_out": _("Signed out"),
        "user.withdraw": _("Invitation withdrawn"),
    }
