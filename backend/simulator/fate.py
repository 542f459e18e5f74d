"""How a simulated update ends: drawn before it begins, so that a seed repeats it."""

from enum import StrEnum
from random import Random

WORD_LOST_SHARE = 0.05
"""Of the updates that succeed: QoS 0 right before a restart does not always arrive."""


class Fate(StrEnum):
    """What becomes of one update."""

    SUCCEEDS = "succeeds"  # downloads, says so, restarts, runs the new version
    WORD_LOST = "word_lost"  # the same, but its completion is never heard
    REPORTS_FAILURE = "reports_failure"  # breaks off, says why, goes on with the old version
    FALLS_SILENT = "falls_silent"  # says that it begins, then nothing for long
    ROLLS_BACK = "rolls_back"  # says success, restarts, runs the old version
    LOSES_POWER = "loses_power"  # vanishes in the middle of the download, restarts on the old one


SUCCESSES = (Fate.SUCCEEDS, Fate.WORD_LOST)
FAILURES = (Fate.REPORTS_FAILURE, Fate.FALLS_SILENT, Fate.ROLLS_BACK, Fate.LOSES_POWER)
BREAKING_OFF = (Fate.REPORTS_FAILURE, Fate.LOSES_POWER)
REASONS = ("Connection lost", "Not enough space", "Flash write failed", "HTTP error: -11")


def draw_fate(random: Random, failure_rate: float) -> Fate:
    """Draw how an update ends; `failure_rate` is the share of failures, 0 to 1."""
    if random.random() < failure_rate:
        return random.choice(FAILURES)
    return Fate.WORD_LOST if random.random() < WORD_LOST_SHARE else Fate.SUCCEEDS
