"""The element of the diagnostics page, and its words."""

from pathlib import Path
from typing import Any

from backend.contract.messages import Problem
from skiclock_ui.certificates import holder_names
from skiclock_ui.components.element import PageElement, component
from skiclock_ui.i18n import _, both_forms


class DiagnosticsElement(PageElement):
    """The state of the server, and what came in damaged."""

    component = component(Path(__file__).with_name("diagnostics.js"))


def diagnostics_words() -> dict[str, Any]:
    """Return every text of the element in the current language."""
    return {
        "title": _("Diagnostics"),
        "about": _("What this server stands on, and what clocks sent that could not be taken."),
        "broker": _("Broker"),
        "database": _("Database"),
        "store": _("Images"),
        "folder": _("folder"),
        "bucket": _("bucket"),
        "near": _("{size} in the data folder"),
        "copies": _("{size} of at most {most} near"),
        "waiting": both_forms("{n} image waits for the bucket", "{n} images wait for the bucket"),
        "unreadable": both_forms(
            "{n} image can be read neither here nor in the bucket",
            "{n} images can be read neither here nor in the bucket",
        ),
        "moved": _("last moved"),
        "connected": _("Connected"),
        "away": _("Away"),
        "since": _("since"),
        "embedded": _("embedded"),
        "external": _("external"),
        "to_do": _remedies(),
        "ingest": _("Messages from clocks"),
        "rate": _("Received per second"),
        "lag": _("From receipt to commit"),
        "queue": _("Waiting"),
        "received": _("Since the start"),
        "committed": both_forms("{n} heartbeat written", "{n} heartbeats written"),
        "lost": _("Thinned, dropped, refused"),
        "lost_hint": _("thinned to each clock's newest while the database was away"),
        "bad": _("Bad input"),
        "bad_hint": _("Counted since the server started. None of it stops the stream."),
        "none": _("Nothing bad has come in"),
        "none_hint": _("Messages that cannot be taken as they come would be counted here."),
        "problem": _("Problem"),
        "kind": _("Message"),
        "count": _("Count"),
        "problems": _problems(),
        "samples": _("Last sample of each clock and problem"),
        "newest_only": both_forms("The newest {n}.", "The newest {n}."),
        "clock": _("Clock"),
        "no_clock": _("unknown"),
        "last": _("Last"),
        "times": both_forms("{n} time", "{n} times"),
        "payload": _("What came"),
        "bytes_in_all": _("{size} in all"),
        "certificates": _("Certificates"),
        "certificates_hint": _("Clocks and browsers refuse one that has ended."),
        "holders": holder_names(),
        "ends_on": _("ends on {date}"),
        "ended_on": _("ended on {date}"),
        "days_left": both_forms("{n} day left", "{n} days left"),
        "unseen": _("cannot be seen: {problem}"),
        "versions": _("Versions"),
        "product": "Ski Clock Neo",
        "running_since": _("Running since"),
        "clocks": _("Clocks"),
        "unknown": _("unknown"),
    }


def _remedies() -> dict[str, str]:
    return {
        "broker_embedded": _(
            "The embedded broker starts again by itself. If it stays away, the server's log says "
            "why, and `skiclock doctor` tries every step."
        ),
        "broker_external": _(
            "The server tries again by itself. Check MQTT_HOST, MQTT_USERNAME and MQTT_PASSWORD; "
            "`skiclock doctor` tries every step. Clocks keep running meanwhile."
        ),
        "store_external": _(
            "The server tries again by itself. Check OBJECT_STORE_URL and the provider's "
            "variables. Uploads are kept here and move later; clocks get what is near."
        ),
        "database_embedded": _(
            "The embedded database starts again by itself. If it stays away, check that the disk "
            "is not full; the server's log says why."
        ),
        "database_external": _(
            "The server tries again by itself. Check DATABASE_URL and whether PostgreSQL runs; "
            "`skiclock doctor` tries every step. What clocks send is kept meanwhile."
        ),
    }


def _problems() -> dict[str, dict[str, str]]:
    """Return what each problem means and what to do about it."""
    return {
        Problem.SALVAGED: {
            "title": _("Broken, its readable fields kept"),
            "to_do": _(
                "Mostly a network name with quotes or a backslash, which old firmware does not "
                "escape. The clock counts as alive. A plain network name, or newer firmware, "
                "ends it."
            ),
        },
        Problem.NOT_JSON: {
            "title": _("No JSON, and nothing that names a clock"),
            "to_do": _(
                "Something else than a clock publishes on these topics. Look at the sample, and "
                "change the broker's password if it is nobody of yours."
            ),
        },
        Problem.OVERSIZED: {
            "title": _("Larger than a clock may send; not read"),
            "to_do": _(
                "No clock of ours sends so much. Look for another program that uses the clocks' "
                "user name."
            ),
        },
        Problem.WRONG_FIELD: {
            "title": _("A field is missing, of a wrong type or out of range"),
            "to_do": _("The build of this clock is older or not ours. Update the clock."),
        },
        Problem.NO_DEVICE: {
            "title": _("No usable device id"),
            "to_do": _(
                "Without an id nobody can tell which clock spoke. Look at the sample for its "
                "network and address."
            ),
        },
        Problem.FOREIGN_DEVICE: {
            "title": _("The message names another clock than its topic"),
            "to_do": _(
                "One clock was given the settings of another, or somebody pretends. The message "
                "was not taken."
            ),
        },
        Problem.RETAINED: {
            "title": _("Kept by the broker from an earlier time"),
            "to_do": _(
                "Somebody published it as retained, which no clock does. It is no sign of life "
                "and was not taken. Remove it from the broker."
            ),
        },
        Problem.UNKNOWN_TOPIC: {
            "title": _("Below our topics, but none of them"),
            "to_do": _(
                "Another program publishes below the same prefix. Give it another one, or set "
                "MQTT_TOPIC_PREFIX."
            ),
        },
        "misfit": {
            "title": _("About an update that is not known here"),
            "to_do": _(
                "The clock began it before this server knew it, or reports on one that has ended. "
                "Nothing to do: its next heartbeat tells which version it runs."
            ),
        },
    }
