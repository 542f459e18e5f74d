"""What is taken from the broker's stream, and what is left to the MQTT client, however it comes."""

import contextlib
import itertools
import select
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.arrivals import LARGEST_BYTES, PIECE_BYTES, Arrival, Arrivals


def packet(first: int, body: bytes) -> bytes:
    """Return an MQTT packet, its remaining length written by the standard's own method."""
    length, digits = len(body), bytearray()
    while True:
        length, digit = divmod(length, 128)
        digits.append(digit | (128 if length else 0))
        if not length:
            return bytes([first]) + bytes(digits) + body


def publish(arrival: Arrival) -> bytes:
    topic, payload, qos, retain, mid = arrival
    body = len(topic).to_bytes(2, "big") + topic
    body += mid.to_bytes(2, "big") if qos else b""
    return packet(0x30 | qos << 1 | retain, body + payload)


ARRIVALS = st.builds(
    lambda topic, payload, qos, retain, mid: Arrival(topic, payload, qos, retain, mid * qos),
    st.binary(max_size=40),
    st.binary(max_size=300),
    st.integers(0, 1),
    st.booleans(),
    st.integers(1, 65_535),
)
FOR_THE_CLIENT = st.one_of(
    st.just(packet(0xD0, b"")),  # a ping's answer
    st.builds(lambda mid: packet(0x90, mid + b"\x01\x01"), st.binary(min_size=2, max_size=2)),
    st.builds(lambda body: packet(0x34, b"\x00\x01t" + body), st.binary(max_size=300)),  # QoS 2
    st.just(packet(0x30, b"\x00")),  # no packet at all
    st.just(packet(0x32, b"\x00\x01t\x00")),  # its id is cut off
    st.just(packet(0x30, b"\x00\xfft")),  # its topic is longer than itself
)


def read(stream: bytes, cuts: list[int], asks: list[int]) -> tuple[list[Arrival], bytes]:
    """Send a stream in pieces; return what was handed over, and what a client read of it."""
    ours, theirs = socket.socketpair()
    found: list[Arrival] = []
    for_client = bytearray()
    edges = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    with ours, theirs:
        ours.setblocking(False)
        arrivals = Arrivals(ours, found.extend)
        turn = 0
        for begin, end in itertools.pairwise(edges):
            theirs.sendall(stream[begin:end])
            while arrivals.pending() or select.select([ours], [], [], 0)[0]:
                with contextlib.suppress(BlockingIOError):  # there was nothing for the client
                    for_client += arrivals.recv(asks[turn % len(asks)])
                turn += 1
        theirs.shutdown(socket.SHUT_WR)
        assert arrivals.recv(1) == b""
    return found, bytes(for_client)


@given(
    st.lists(st.one_of(ARRIVALS, FOR_THE_CLIENT), max_size=12),
    st.lists(st.integers(0, 2000), max_size=8),
    st.lists(st.integers(1, 64), min_size=1, max_size=5),
)
def test_every_message_arrives_and_every_other_packet_is_the_clients(
    packets: list[Arrival | bytes], cuts: list[int], asks: list[int]
) -> None:
    stream = b"".join(publish(one) if isinstance(one, Arrival) else one for one in packets)
    found, for_client = read(stream, cuts, asks)
    assert found == [one for one in packets if isinstance(one, Arrival)]
    assert for_client == b"".join(one for one in packets if isinstance(one, bytes))


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=6))
def test_any_bytes_end_up_somewhere_and_raise_nothing(stream: bytes, cuts: list[int]) -> None:
    found, for_client = read(stream, cuts, [7])
    assert len(for_client) + sum(len(one.topic) + len(one.payload) for one in found) <= len(stream)


@pytest.mark.parametrize("size", [PIECE_BYTES - 40, PIECE_BYTES + 1, LARGEST_BYTES - 7])
def test_a_message_larger_than_a_piece_arrives_whole(size: int) -> None:
    large = Arrival(b"topic", bytes(index % 251 for index in range(size)), 0, False, 0)
    small = Arrival(b"topic", b"after", 1, True, 9)
    stream = publish(large) + publish(small)
    found, for_client = read(stream, list(range(0, len(stream), 60_000)), [1])
    assert found == [large, small]
    assert for_client == b""


def test_a_message_over_the_limit_is_left_to_the_client() -> None:
    stream = publish(Arrival(b"t", bytes(LARGEST_BYTES), 0, False, 0))
    found, for_client = read(stream, list(range(0, len(stream), 60_000)), [4096])
    assert not found
    assert for_client == stream


def test_a_remaining_length_of_five_bytes_is_left_to_the_client_who_hangs_up() -> None:
    found, for_client = read(b"\x30\xff\xff\xff\xff\x01", [], [1])
    assert not found
    assert for_client == b"\x30\xff\xff\xff\xff\x01"


def test_a_stream_that_is_cut_at_any_byte_is_read_as_a_whole() -> None:
    first = Arrival(b"skiclock/heartbeat", bytes(130), 1, False, 7)  # a length of two bytes
    last = Arrival(b"t", b"", 0, True, 0)
    ping = packet(0xD0, b"")
    stream = publish(first) + ping + publish(last)
    for cut in range(len(stream) + 1):
        assert read(stream, [cut], [1]) == ([first, last], ping), cut
