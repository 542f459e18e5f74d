"""How often something may be tried, with time handed in."""

from datetime import UTC, datetime, timedelta

import pytest

from backend.throttle import Bucket, Throttle, network_of

NOW = datetime(2026, 11, 24, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_a_key_has_its_attempts_within_the_window_and_no_more() -> None:
    throttle = Throttle(attempts=3, window=10 * MINUTE)

    assert [throttle.take("a", now=NOW + i * MINUTE) for i in range(3)] == [None] * 3
    assert throttle.take("a", now=NOW + 4 * MINUTE) == 6 * MINUTE
    assert throttle.take("b", now=NOW) is None
    assert throttle.take("a", now=NOW + 10 * MINUTE) is None
    assert throttle.take("a", now=NOW + 10 * MINUTE) == MINUTE


def test_a_refused_attempt_does_not_lengthen_the_wait() -> None:
    throttle = Throttle(attempts=1, window=10 * MINUTE)
    throttle.take("a", now=NOW)

    waits = [throttle.take("a", now=NOW + i * MINUTE) for i in range(1, 10)]

    assert waits == [(10 - i) * MINUTE for i in range(1, 10)]


def test_a_success_forgives() -> None:
    throttle = Throttle(attempts=2, window=10 * MINUTE)
    for _ in range(2):
        throttle.take("a", now=NOW)
    throttle.give_back("a")
    assert throttle.take("a", now=NOW) is None
    throttle.forgive("a")
    throttle.forgive("never seen")
    throttle.give_back("never seen")
    assert throttle.take("a", now=NOW) is None


def test_memory_is_bounded_however_many_keys_come() -> None:
    throttle = Throttle(attempts=2, window=10 * MINUTE, max_keys=100)
    for i in range(1000):
        throttle.take(f"key {i}", now=NOW)
    assert len(throttle) == 100


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        (None, "unknown"),
        ("testclient", "testclient"),
    ],
)
def test_one_line_to_the_internet_counts_as_one_sender(address: str | None, network: str) -> None:
    assert network_of(address) == network


def test_a_bucket_gives_what_it_holds_and_then_what_flows_in() -> None:
    bucket = Bucket(capacity=3, per_s=0.5)
    assert [bucket.take(now=NOW) for _ in range(4)] == [True, True, True, False]
    assert not bucket.take(now=NOW + timedelta(seconds=1))
    assert bucket.take(now=NOW + timedelta(seconds=2))
    assert not bucket.take(now=NOW + timedelta(seconds=2))
    later = NOW + timedelta(days=1)
    assert [bucket.take(now=later) for _ in range(4)] == [True, True, True, False]


def test_a_bucket_outlives_a_clock_that_is_set_back() -> None:
    bucket = Bucket(capacity=2, per_s=1)
    assert bucket.take(now=NOW)
    assert bucket.take(now=NOW - timedelta(hours=1))
    assert not bucket.take(now=NOW - timedelta(hours=1))
    assert bucket.take(now=NOW - timedelta(hours=1) + timedelta(seconds=1))
