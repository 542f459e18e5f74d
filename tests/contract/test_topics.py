"""Topics: v1's shared ones and each clock's own."""

import pytest

from backend.contract.topics import Kind, Topics

topics = Topics("skiclock")


@pytest.mark.parametrize("kind", Kind)
def test_each_message_has_a_shared_topic_and_one_with_an_id(kind: Kind) -> None:
    assert topics.kind_of(f"skiclock/{kind.value}") == (kind, None)
    assert topics.kind_of(f"skiclock/{kind.value}/e8c5fbbdf5f0") == (kind, "e8c5fbbdf5f0")
    assert {f"skiclock/{kind.value}", f"skiclock/{kind.value}/+"} <= set(topics.from_clocks())


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
    ],
)
def test_other_topics_are_nobodys(topic: str) -> None:
    assert topics.kind_of(topic) is None


def test_prefix_may_have_levels() -> None:
    assert Topics("club/dev").kind_of("club/dev/ota/start") == (Kind.OTA_START, None)


def test_answer_topics() -> None:
    assert topics.version_response("a1b2c3") == "skiclock/version/response/a1b2c3"
    assert topics.version_updates == "skiclock/version/updates"
