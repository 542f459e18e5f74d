"""Firmware versions: their two forms and their order."""

import re

_DATED = re.compile(r"(\d{4})\.(\d{1,2})\.(\d{1,2})\.(\d{1,9})", re.ASCII)
_TAGGED = re.compile(r"v(\d{1,9})\.(\d{1,9})\.(\d{1,9})", re.ASCII)

MAX_LENGTH = 32

VersionKey = tuple[int, int, int, int, int]


def version_key(version: str | None) -> VersionKey | None:
    """Return what orders a version, or None for text that is not one.

    `YYYY.M.D.BUILD` sorts by number; `vMAJOR.MINOR.PATCH`, the form of the oldest
    builds, sorts before every dated one.
    """
    if version is None:
        return None
    if found := _DATED.fullmatch(version):
        year, month, day, build = map(int, found.groups())
        return (1, year, month, day, build)
    if found := _TAGGED.fullmatch(version):
        major, minor, patch = map(int, found.groups())
        return (0, major, minor, patch, 0)
    return None


def is_newer(candidate: str, current: str | None) -> bool:
    """Tell whether a clock on `current` would install `candidate`.

    A clock that reports no readable version is taken to be older than any.
    """
    candidate_key = version_key(candidate)
    if candidate_key is None:
        return False
    current_key = version_key(current)
    return current_key is None or candidate_key > current_key
