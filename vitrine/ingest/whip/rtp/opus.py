"""Opus out of RTP (RFC 7587): each payload is a packet as it is. What is lost is left to the decoder to conceal."""

from vitrine.media.track import AudioTrack, Codec

OPUS_RATE = 48_000

CHANNELS = 2
"""RFC 7587 section 7: always declared as two; each packet says whether it is one."""

OPUS_HEAD = b"OpusHead" + bytes([1, CHANNELS]) + bytes(2) + OPUS_RATE.to_bytes(4, "little") + bytes(3)
"""The ID header (RFC 7845 section 5.1): no pre-skip, for a stream that is joined has no beginning; no gain."""

LONGEST_PACKET = 5_760
"""Samples, 120 ms (RFC 6716 section 3.2.5)."""

CONCEALED = 5
"""Packets concealed one after another, 100 ms as a rule: a decoder's guess has faded to silence by then."""


def opus_track(track_id: int) -> AudioTrack:
    return AudioTrack(track_id, Codec.OPUS, OPUS_RATE, OPUS_HEAD, OPUS_RATE, CHANNELS)


def frame_samples(toc: int) -> int:
    """Samples of each frame in a packet with this first byte (RFC 6716 table 2)."""
    config = toc >> 3
    if config < 12:
        return (480, 960, 1920, 2880)[config & 3]
    if config < 16:
        return (480, 960)[config & 1]
    return (120, 240, 480, 960)[config & 3]


def packet_samples(packet: bytes) -> int:
    """Samples in a packet; 0 for one that is none."""
    if not packet:
        return 0
    code = packet[0] & 3
    count = (1, 2, 2)[code] if code < 3 else packet[1] & 0x3F if len(packet) > 1 else 0
    samples = count * frame_samples(packet[0])
    return samples if samples <= LONGEST_PACKET else 0


def concealment(packet: bytes) -> bytes:
    """A packet of one lost frame, of the kind of `packet`: for a first byte without a frame decoders make one up."""
    return bytes([packet[0] & 0xFC])
