"""The element of the updates page, and its words."""

from pathlib import Path
from typing import Any

from skiclock_ui.components.element import PageElement, component
from skiclock_ui.i18n import _, both_forms


class UpdatesElement(PageElement):
    """Figures, pictures and the log of updates."""

    component = component(Path(__file__).with_name("updates.js"))


def updates_words() -> dict[str, Any]:
    """Return every text of the element in the current language."""
    return {
        "title": _("Updates"),
        "about": _(
            "What clocks install, and how it ends. "
            "An update has succeeded once the clock is heard on the new version."
        ),
        "figures": _("Figures"),
        "success_rate": _("Success rate"),
        "of_ended": both_forms("of {n} ended update", "of {n} ended updates"),
        "duration": _("Average duration"),
        "of_success": _("from start to the first word on the new version"),
        "in_progress": _("In progress"),
        "failed_24h": _("Clocks failed in 24 h"),
        "last_7_days": _("Begun in 7 days"),
        "of_all": both_forms("of {n} in all", "of {n} in all"),
        "weeks": _("Updates begun per week"),
        "week": _("Week from"),
        "success": _("Succeeded"),
        "failed": _("Failed"),
        "running": _("In progress"),
        "week_summary": _("{week}: {success} succeeded, {failed} failed, {running} in progress"),
        "as_table": _("Show as a table"),
        "versions": _("Versions across the fleet"),
        "on_newest": _("{share} run the newest version of their platform"),
        "version": _("Version"),
        "clocks_column": _("Clocks"),
        "share": _("Share"),
        "unknown_version": _("Unknown"),
        "older": both_forms("{n} older version", "{n} older versions"),
        "clocks": both_forms("{n} clock", "{n} clocks"),
        "no_clocks": _("No clock has spoken yet, so there is no version to show."),
        "log": _("Activity"),
        "clock": _("Clock"),
        "state": _("State"),
        "all_states": _("All"),
        "find_clock": _("Clock: name or id"),
        "only_clock": _("Only {clock}"),
        "clear": _("Show all clocks"),
        "from_to": _("From → to"),
        "when": _("Begun"),
        "took": _("Took"),
        "states": {
            "started": _("Begins"),
            "downloading": _("Downloading"),
            "installed": _("Installed, restarting"),
            "success": _("Succeeded"),
            "failed": _("Failed"),
            "silent": _("Gone silent"),
        },
        "newer": both_forms("{n} newer: show", "{n} newer: show"),
        "more": _("Load more"),
        "loading": _("Loading …"),
        "nothing": _("No update matches"),
        "nothing_hint": _("Choose another state, or show all clocks."),
        "unknown_clock": _("No clock of that name or id."),
        "empty": _("No update has begun yet"),
        "empty_hint": _(
            "Once a version is published, clocks that run an older one ask for it within the "
            "hour and install it. Each update stands here from its first word to its end."
        ),
        "to_firmware": _("To the firmware"),
        "database_away": _(
            "The database does not answer, so the log cannot be read. "
            "The page tries again by itself."
        ),
        "reasons": reasons(),
        "silence": both_forms(
            "No news from the clock for {n} min.", "No news from the clock for {n} min."
        ),
    }


def reasons() -> dict[str, str]:
    """Return the reasons that the server itself gives for a failure, by their English text."""
    return {
        "The clock was heard on its old version again without downloading.": _(
            "The clock was heard on its old version again without downloading."
        ),
        "The clock restarted on its old version.": _("The clock restarted on its old version."),
        "The clock went back to its old version without a reason.": _(
            "The clock went back to its old version without a reason."
        ),
        "The clock runs another version than the one it was updated to.": _(
            "The clock runs another version than the one it was updated to."
        ),
        "The clock began another update.": _("The clock began another update."),
        "No news from the clock.": _("No news from the clock."),
        "The clock reported a failure without a reason.": _(
            "The clock reported a failure without a reason."
        ),
    }
