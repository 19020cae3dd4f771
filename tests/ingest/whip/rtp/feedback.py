"""Transport-wide feedback as a sender reads it: draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1."""

import struct
from dataclasses import dataclass


@dataclass
class Feedback:
    """`arrivals` are in ticks of 250 us, by sequence number, None for what did not come."""

    ssrc: int
    media_ssrc: int
    count: int
    arrivals: dict[int, int | None]


def read_feedback(data: bytes) -> Feedback:
    flags, kind, words, ssrc, media_ssrc, base, statuses, times = struct.unpack_from(">BBHIIHHI", data)
    assert (flags & 0xDF, kind, 4 * words + 4) == (0x8F, 205, len(data))
    end = len(data) - (data[-1] if flags & 0x20 else 0)
    symbols: list[int] = []
    position = 20
    while len(symbols) < statuses:
        (chunk,) = struct.unpack_from(">H", data, position)
        position += 2
        if chunk < 0x8000:
            symbols += [chunk >> 13] * (chunk & 0x1FFF)
        elif chunk < 0xC000:
            symbols += [int(bit) for bit in f"{chunk & 0x3FFF:014b}"]
        else:
            symbols += [chunk >> shift & 3 for shift in range(12, -1, -2)]
    reference = (times >> 8) - (1 << 24 if times >> 31 else 0)
    now, arrivals = reference * 256, dict[int, int | None]()
    for index, symbol in enumerate(symbols[:statuses]):
        assert symbol < 3
        if symbol:
            now += int.from_bytes(data[position : position + symbol], "big", signed=symbol == 2)
            position += symbol
        arrivals[(base + index) & 0xFFFF] = now if symbol else None
    assert position == end
    return Feedback(ssrc, media_ssrc, times & 0xFF, arrivals)
