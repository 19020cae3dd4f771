"""The simple handshake (RTMP 1.0 section 5.2). Both sides send a version byte, 1536 bytes, and the other's 1536 back.

OBS, FFmpeg and GStreamer are content with it as publishers. The echo is not verified: FFmpeg always answers with
a digest of its own in place of it.
"""

from vitrine.media.errors import MalformedError, UnsupportedError

VERSION = 3
PACKET = 1536
"""Bytes of C1, S1, C2 and S2."""

RANDOM = PACKET - 8
"""Random bytes in C1 and S1, after the time and four zeros."""

ENCRYPTED_VERSIONS = (6, 8, 9)
"""RTMPE and its successors, as Flash Player asks for them."""

TLS_HANDSHAKE = 0x16
"""First byte of a TLS connection (RFC 8446 section 5.1)."""

FIRST_PRINTABLE = 32
"""Versions from here are not allowed, so that RTMP can be told from text protocols (section 5.2.2)."""


def check_version(version: int) -> None:
    """Raise UnsupportedError unless the peer's first byte opens plain RTMP, MalformedError if it is not RTMP at all."""
    if version == VERSION:
        return
    if version in ENCRYPTED_VERSIONS:
        raise UnsupportedError("The publisher asks for RTMPE. Use rtmps:// for an encrypted connection, or rtmp://.")
    if version == TLS_HANDSHAKE:
        raise UnsupportedError("The publisher speaks TLS on the plain RTMP port. Use the rtmps port, or rtmp://.")
    if version >= FIRST_PRINTABLE:
        raise MalformedError("What connected does not speak RTMP. Point only RTMP publishers at this port.")
    raise UnsupportedError(f"The publisher asks for RTMP version {version}; only version {VERSION} is spoken here.")


class Handshake:
    """One side of the handshake. `client` says which; `random` are RANDOM bytes that the peer echoes."""

    def __init__(self, random: bytes, *, client: bool) -> None:
        self.complete = False
        self._received = bytearray()
        self._answered = False
        self._hello = bytes([VERSION]) + bytes(8) + random
        self._outgoing = bytearray(self._hello if client else b"")
        self._client = client

    def receive_data(self, data: bytes) -> None:
        """Raises what check_version raises, at the first byte."""
        self._received += data
        if self._received:
            check_version(self._received[0])
        if not self._answered and len(self._received) >= 1 + PACKET:
            self._answered = True
            if not self._client:
                self._outgoing += self._hello
            self._outgoing += self._received[1 : 1 + PACKET]
        self.complete = len(self._received) >= 1 + 2 * PACKET

    def data_to_send(self) -> bytes:
        outgoing, self._outgoing = bytes(self._outgoing), bytearray()
        return outgoing

    def excess(self) -> bytes:
        """What came after the handshake: the first chunks. Call once, when complete."""
        return bytes(self._received[1 + 2 * PACKET :])
