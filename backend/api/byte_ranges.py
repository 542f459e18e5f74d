"""Reads HTTP's Range and If-None-Match headers (RFC 9110, sections 13 and 14)."""

import re
from itertools import pairwise

_SPEC = re.compile(r"(\d{0,18})-(\d{0,18})")
MAX_RANGES = 16


class UnsatisfiableRangeError(Exception):
    """No requested range lies within the content."""


def parse_ranges(header: str | None, size_bytes: int) -> list[tuple[int, int]] | None:
    """Return ranges as (start, end), end exclusive; None where the header is to be ignored.

    Raises UnsatisfiableRangeError. More than MAX_RANGES, or overlapping ones, are ignored:
    whoever asks for that wants to make work.
    """
    unit, _, specs = (header or "").partition("=")
    if unit.strip().lower() != "bytes":
        return None
    found = [_SPEC.fullmatch(spec.strip()) for spec in specs.split(",")]
    if not all(found) or len(found) > MAX_RANGES:
        return None
    ranges = []
    for match in found:
        first, last = match.groups() if match else ("", "")
        if not first and not last:
            return None
        if first and last and int(last) < int(first):
            return None
        start, end = _bounds(first, last, size_bytes)
        if start < end:
            ranges.append((start, end))
    if not ranges:
        raise UnsatisfiableRangeError
    return None if _overlap(ranges) else ranges


def matches_etag(header: str | None, etag: str) -> bool:
    """Tell whether an If-None-Match header names `etag` (with its quotes), weakly compared."""
    if header is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    return etag in tags or tags == ["*"]


def _bounds(first: str, last: str, size_bytes: int) -> tuple[int, int]:
    if not first:  # the last so many bytes
        return max(0, size_bytes - int(last)), size_bytes
    return int(first), min(size_bytes, int(last) + 1) if last else size_bytes


def _overlap(ranges: list[tuple[int, int]]) -> bool:
    ordered = sorted(ranges)
    return any(before[1] > after[0] for before, after in pairwise(ordered))
