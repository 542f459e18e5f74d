"""Range and If-None-Match, as RFC 9110 has them."""

import pytest

from backend.api.byte_ranges import UnsatisfiableRangeError, matches_etag, parse_ranges


@pytest.mark.parametrize(
    ("header", "ranges"),
    [
        (None, None),
        ("", None),
        ("bytes=0-9", [(0, 10)]),
        ("bytes=5-", [(5, 100)]),
        ("bytes=-10", [(90, 100)]),
        ("bytes=-1000", [(0, 100)]),
        ("bytes=90-1000", [(90, 100)]),
        ("BYTES = 0-0", [(0, 1)]),
        ("bytes=0-9, 20-29", [(0, 10), (20, 30)]),
        ("bytes=20-29,0-9", [(20, 30), (0, 10)]),
        ("bytes=0-9,200-", [(0, 10)]),
        ("bytes=0-10,10-20", None),
        ("bytes=" + ",".join(f"{i}-{i}" for i in range(17)), None),
        ("bytes=9-0", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=1-2-3", None),
        ("bytes=0-9,", None),
        ("items=0-9", None),
        ("bytes=" + "9" * 5000 + "-", None),
    ],
)
def test_ranges_are_read_or_ignored(
    header: str | None, ranges: list[tuple[int, int]] | None
) -> None:
    assert parse_ranges(header, 100) == ranges


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=200-300", "bytes=-0", "bytes=100-,500-"])
def test_ranges_outside_of_the_content_cannot_be_satisfied(header: str) -> None:
    with pytest.raises(UnsatisfiableRangeError):
        parse_ranges(header, 100)


@pytest.mark.parametrize(
    ("header", "matches"),
    [
        (None, False),
        ('"a"', True),
        ('W/"a"', True),
        ('"b", "a"', True),
        ("*", True),
        ('"b"', False),
        ("a", False),
        ("", False),
    ],
)
def test_an_etag_is_compared_weakly(header: str | None, matches: bool) -> None:
    assert matches_etag(header, '"a"') is matches
