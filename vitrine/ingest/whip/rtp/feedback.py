"""Transport-wide feedback on the wire: which packets arrived, and when, as RTCP.

draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1. Browsers estimate from it what the network carries, so
that nothing needs to be estimated here.
"""

import struct
from collections.abc import Iterator, Sequence
from itertools import groupby

EXTENSION = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
"""The header extension that numbers every packet of the transport, whatever its stream."""

TICKS = 4_000
"""A second: arrivals are told in ticks of 250 us."""

REFERENCE = 256
"""Ticks in a unit of the reference time: 64 ms."""

MOST_STATUSES = 0x1FFF
"""Packets that one run-length chunk can speak of; a message is held to as many."""

TRANSPORT_FEEDBACK, TRANSPORT_WIDE = 205, 15
PADDED = 0x20
MISSING, SMALL, LARGE = 0, 1, 2
SMALL_DELTAS = range(0x100)
LARGE_DELTAS = range(-0x8000, 0x8000)
ONE_BIT, TWO_BIT = (0x8000, 14, 1), (0xC000, 7, 2)
"""Of a vector: its mark, how many symbols it holds, and the bits of each."""

_HEAD = struct.Struct(">BBHIIHHI")
_CHUNK = struct.Struct(">H")


def encode_feedback(ssrc: int, media_ssrc: int, count: int, first: int, arrivals: Sequence[int | None]) -> bytes:
    """A message about the packets from number `first` on: when each came, in TICKS, or None where it did not.

    `count` numbers the messages. One packet at least has come, MOST_STATUSES are told of at most, and two arrivals that
    follow one another lie within LARGE_DELTAS.
    """
    reference = next(arrival for arrival in arrivals if arrival is not None) // REFERENCE
    symbols, deltas, before = [], [], reference * REFERENCE
    for arrival in arrivals:
        if arrival is None:
            symbols.append(MISSING)
            continue
        delta, before = arrival - before, arrival
        symbols.append(SMALL if delta in SMALL_DELTAS else LARGE)
        deltas.append(delta.to_bytes(1, "big") if delta in SMALL_DELTAS else delta.to_bytes(2, "big", signed=True))
    body = b"".join([*(_CHUNK.pack(chunk) for chunk in _chunks(symbols)), *deltas])
    padding = -len(body) % 4
    flags = 2 << 6 | TRANSPORT_WIDE | (PADDED if padding else 0)
    words = (_HEAD.size + len(body) + padding) // 4 - 1
    times = (reference & 0xFFFFFF) << 8 | count & 0xFF
    head = _HEAD.pack(flags, TRANSPORT_FEEDBACK, words, ssrc, media_ssrc, first & 0xFFFF, len(arrivals), times)
    return head + body + bytes([*bytes(padding - 1), padding] if padding else b"")


def _chunks(symbols: Sequence[int]) -> Iterator[int]:
    """Runs where they are long, else vectors: of single bits where these do."""
    position = 0
    while position < len(symbols):
        run = next(len(list(same)) for _, same in groupby(symbols[position:]))
        if run >= ONE_BIT[1] or position + run == len(symbols):
            yield symbols[position] << 13 | run
            position += run
            continue
        mark, size, bits = TWO_BIT if LARGE in symbols[position : position + ONE_BIT[1]] else ONE_BIT
        chunk = mark
        for index, symbol in enumerate(symbols[position : position + size], 1):
            chunk |= symbol << (size - index) * bits
        yield chunk
        position += size
