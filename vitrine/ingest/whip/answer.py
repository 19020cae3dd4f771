"""The peer's answer, completed for the publisher: what WHIP wants and aiortc leaves out."""

import re
from collections.abc import Iterator

from vitrine.ingest.whip.offer import Offer

OPUS = "minptime=10;useinbandfec=1;stereo=1;maxaveragebitrate=128000"
"""RFC 7587 section 6.1: what we would like to get. Without `stereo` browsers send one channel, without a rate
32 kbit/s; the sound of the ladder is stereo at 128."""

BEGINNING = "x-google-start-bitrate=2000"
"""Kilobits a second. Chromium begins with 300 and a small picture, and takes many seconds to find that more gets
through (libwebrtc's media/base/media_constants.cc); other publishers pass over what they do not know."""

RTPMAP = re.compile(r"a=rtpmap:(\d+) ([^/]+)/.*")
FORMAT_PARAMETERS = re.compile(r"a=fmtp:(\d+) .*")
HOST_CANDIDATE = re.compile(r"a=candidate:(\S+) (\d+) (\w+) (\d+) ([0-9.]+) (\d+) typ host\b.*")

DIRECTIONS = ("a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive")


def complete_answer(answer: str, offer: Offer, public_address: str | None = None) -> str:
    """`answer` as the publisher gets it.

    `public_address` is the IPv4 address under which a router in front shows this machine, port for port (NAT 1:1). It
    goes before the machine's own: ffmpeg tries the first candidate and no other.
    """
    head, *sections = re.split(r"^(?=m=)", answer, flags=re.MULTILINE)
    lines = [*head.splitlines(), "a=ice-options:trickle"]
    for section in sections:
        lines += _section(section.splitlines(), offer, public_address)
    return "\r\n".join(lines) + "\r\n"


def _section(lines: list[str], offer: Offer, public_address: str | None) -> Iterator[str]:
    public = False
    for line in lines:
        if line in DIRECTIONS:
            yield "a=recvonly"
        elif line == "a=rtcp-mux":
            yield line
            yield "a=rtcp-mux-only"  # RFC 9725 section 4.4.1
        elif match := FORMAT_PARAMETERS.fullmatch(line):
            offered = offer.parameters.get(int(match[1]))
            yield line if offered is None else f"a=fmtp:{match[1]} {offered};{BEGINNING}"
        elif (match := RTPMAP.fullmatch(line)) and match[2].lower() == "opus":
            yield line
            yield f"a=fmtp:{match[1]} {OPUS}"
        elif line.startswith("a=candidate:"):
            if public_address and not public:
                public = True
                yield from _public_candidates(lines, public_address)
            yield line
        elif not line.startswith("a=fingerprint:") or line.startswith("a=fingerprint:sha-256 "):
            yield line  # some clients take the last fingerprint that they see, and know SHA-256 only


def _public_candidates(lines: list[str], address: str) -> Iterator[str]:
    """A candidate at the public address for each of the machine's own, preferred to all of them."""
    for line in lines:
        if (match := HOST_CANDIDATE.fullmatch(line)) and not match[5].startswith("127."):
            priority = min(int(match[4]) + 1, (1 << 31) - 1)
            yield f"a=candidate:{match[1]}p {match[2]} {match[3]} {priority} {address} {match[6]} typ host"
