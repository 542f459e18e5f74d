"""Topics: v1's shared ones and each clock's own."""

import pytest

from backend.contract.topics import Kind, Order, Topics

topics = Topics("skiclock")


V1_KINDS = (
    Kind.HEARTBEAT,
    Kind.VERSION_REQUEST,
    Kind.OTA_START,
    Kind.OTA_PROGRESS,
    Kind.OTA_COMPLETE,
)


@pytest.mark.parametrize("kind", Kind)
def test_each_message_has_a_topic_with_an_id(kind: Kind) -> None:
    assert topics.kind_of(f"skiclock/{kind.value}/e8c5fbbdf5f0") == (kind, "e8c5fbbdf5f0")
    assert f"skiclock/{kind.value}/+" in topics.from_clocks()


@pytest.mark.parametrize("kind", Kind)
def test_only_what_v1_says_has_a_shared_topic(kind: Kind) -> None:
    topic = f"skiclock/{kind.value}"
    assert topics.kind_of(topic) == ((kind, None) if kind in V1_KINDS else None)
    assert (topic in topics.from_clocks()) == (kind in V1_KINDS)


@pytest.mark.parametrize(
    "topic",
    [
        "skiclock",
        "skiclock/",
        "skiclock/ota",
        "skiclock/heartbeat/",
        "skiclock/heartbeat/NOTHEX",
        "skiclock/heartbeat/a1/b2",
        "skiclockx/heartbeat",
        "other/heartbeat",
        "skiclock/version/response/a1",
        "skiclock/command/a1",
        "skiclock/command/result",
        "skiclock/config/a1",
        "skiclock/ack/a1",
    ],
)
def test_other_topics_are_nobodys(topic: str) -> None:
    assert topics.kind_of(topic) is None


def test_prefix_may_have_levels() -> None:
    assert Topics("club/dev").kind_of("club/dev/ota/start") == (Kind.OTA_START, None)


def test_answer_topics() -> None:
    assert topics.version_response("a1b2c3") == "skiclock/version/response/a1b2c3"
    assert topics.version_updates == "skiclock/version/updates"
    assert topics.to_clock(Order.ACK, "a1") == "skiclock/ack/a1"
    assert topics.to_clock(Order.COMMAND, "+") == "skiclock/command/+"


def test_clock_of_its_own_says_and_hears_what_names_it_and_nothing_else() -> None:
    allowed = Topics("skiclock").allowed_to("a1b2c3")
    assert set(allowed.publish) == {f"skiclock/{kind.value}/a1b2c3" for kind in Kind}
    hears = {f"skiclock/{order.value}/a1b2c3" for order in Order} | {"skiclock/version/updates"}
    assert set(allowed.subscribe) == hears
    assert not [topic for topic in allowed.publish + allowed.subscribe if set(topic) & set("+#")]
