"""A publisher's offer: is it one that can be taken, and how it is written for the peer.

The peer never sees what the publisher wrote: it gets an offer of our own making, with those lines only that were
understood. aiortc stops at many things that it does not know, and takes H.264 in one profile only.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vitrine.ingest.whip.sdp import Description, Section, read_description, usable_candidates
from vitrine.media.errors import MalformedError, UnsupportedError

PROTOCOL = "UDP/TLS/RTP/SAVPF"
PAYLOAD_TYPES = range(96, 128)
"""The dynamic ones of RTP/AVP (RFC 3551 section 6). aiortc answers others with a number of its own."""

WANTED = {"video": ("H264/90000", "VP8/90000"), "audio": ("OPUS/48000/2",)}
"""By kind of media, as `a=rtpmap` says it in capitals."""

PLAIN_H264 = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
"""What aiortc gets to see of every H.264 format: it matches by profile, and knows no other than Baseline. Publishers
send what their encoder makes, whatever they declare (OBS declares 42e01f for High too); the decoder reads the SPS."""

FEEDBACK = ("nack", "nack pli", "transport-cc")
"""`a=rtcp-fb` values that are passed on: what reception.py sends."""

MAX_FORMATS = 32
MAX_EXTENSIONS = 16
MAX_SOURCES = 8
"""Of one section. Chrome has 18 formats that are wanted, 10 header extensions, and 2 sources for a track."""

NAME = re.compile(r"[!#-'*+.0-9A-Z^-~-]{1,32}")
SECRET = re.compile(r"[\w+/=-]{4,256}", re.ASCII)
FINGERPRINT = re.compile(r"(sha-(?:256|384|512)) ((?:[0-9A-F]{2}:){31,63}[0-9A-F]{2})", re.IGNORECASE)
EXTENSION = re.compile(r"(\d{1,3})(?:/\w+)? ([!-~]{1,200})(?: .*)?")
FORMAT = re.compile(r"(\d{1,3}) (\S{1,64}).*")
SOURCE = re.compile(r"(\d{1,10})(?: .*)?")
SOURCE_PAIR = re.compile(r"FID (\d{1,10}) (\d{1,10})")
ROLES = ("actpass", "active", "passive")
"""RFC 9725 section 4.4.4 has the first two; ffmpeg offers the third."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer that can be taken.

    `text` is what the peer gets. `ufrag` and `password` name the ICE session. `parameters` are the format parameters
    (`a=fmtp`) that the publisher wrote for its H.264 formats, by payload type: the answer repeats them.
    """

    text: str
    ufrag: str
    password: str
    parameters: Mapping[int, str]


def read_offer(body: bytes) -> Offer:
    """Check a publisher's offer. Raises MalformedError for what is none, UnsupportedError for one of another kind."""
    description = read_description(body)
    _check_media(description)
    _check_bundle(description)
    parameters: dict[int, str] = {}
    lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0"]
    if _bundle(description) is not None:
        lines.append(" ".join(["a=group:BUNDLE", *(section.value("mid") or "" for section in description.media)]))
    for section in description.media:
        lines += _section(section, description, parameters)
    first = description.media[0]
    ufrag, password = _secret(first, description, "ice-ufrag"), _secret(first, description, "ice-pwd")
    return Offer("\r\n".join(lines) + "\r\n", ufrag, password, parameters)


def _check_media(description: Description) -> None:
    """RFC 9725, sections 4.2 and 4.4.2 and 4.4.3."""
    if not description.media:
        raise UnsupportedError("The offer has no media. Offer one video track, one audio track, or both")
    kinds = [section.media for section in description.media]
    for kind in kinds:
        if kind not in WANTED:
            raise UnsupportedError(f"The offer has a section of {kind[:32]!r}; only audio and video are taken")
        if kinds.count(kind) > 1:
            raise UnsupportedError(f"The offer has {kinds.count(kind)} {kind} tracks; one is taken")
    for section in description.media:
        if section.protocol != PROTOCOL:
            raise UnsupportedError(f"The {section.media} is offered over {section.protocol[:32]}, not {PROTOCOL}")
        if section.port == 0 and section.value("bundle-only") is None:
            raise UnsupportedError(f"The {section.media} of the offer is switched off (port 0)")
        for direction in ("recvonly", "inactive"):
            if any(each.value(direction) is not None for each in (section, description.session)):
                raise UnsupportedError(
                    f"The {section.media} is offered as {direction}; a publisher offers sendonly. "
                    "Viewers watch over HTTP: open the channel's watch page or playlist"
                )


def _check_bundle(description: Description) -> None:
    """RFC 9725 section 4.4.1: one transport, for RTP and RTCP of everything."""
    names = [section.value("mid") or "" for section in description.media]
    for name, section in zip(names, description.media, strict=True):
        if not NAME.fullmatch(name) or names.count(name) > 1:
            raise MalformedError(f"The {section.media} section of the offer has no name of its own (a=mid)")
        if section.value("rtcp-mux") is None and section.value("rtcp-mux-only") is None:
            raise UnsupportedError(f"The {section.media} is offered without a=rtcp-mux; one port must do for RTCP too")
    group = _bundle(description)
    bundled = group is not None and group.split() == ["BUNDLE", *names]
    if not bundled and (len(names) > 1 or group is not None):
        raise UnsupportedError(
            f"The offer does not bundle its media on one transport; it needs a=group:BUNDLE {' '.join(names)}"
        )


def _bundle(description: Description) -> str | None:
    """The group of that kind. OBS has another one, for lip synchronization."""
    return next((each for each in description.session.values("group") if each.startswith("BUNDLE ")), None)


def _section(section: Section, description: Description, parameters: dict[int, str]) -> Iterator[str]:
    """One section as the peer gets it."""
    formats = _formats(section)
    yield f"m={section.media} 9 {PROTOCOL} {' '.join(map(str, formats))}"
    yield "c=IN IP4 0.0.0.0"
    yield f"a=mid:{section.value('mid')}"
    yield "a=sendonly"
    yield "a=rtcp:9 IN IP4 0.0.0.0"
    yield "a=rtcp-mux"
    yield from _transport(section, description)
    yield from _extensions(section)
    for number, name in formats.items():
        yield from _format(section, number, name, parameters)
    yield from _sources(section)
    yield from (f"a=candidate:{candidate}" for candidate in usable_candidates(description.media))
    if section.value("end-of-candidates") is not None:
        yield "a=end-of-candidates"


def _transport(section: Section, description: Description) -> Iterator[str]:
    yield f"a=ice-ufrag:{_secret(section, description, 'ice-ufrag')}"
    yield f"a=ice-pwd:{_secret(section, description, 'ice-pwd')}"
    yield "a=ice-options:trickle"
    offered = section.values("fingerprint") or description.session.values("fingerprint")
    fingerprints = [match for each in offered if (match := FINGERPRINT.fullmatch(each))]
    if not fingerprints:
        raise UnsupportedError(
            f"The {section.media} is offered without a certificate's fingerprint (a=fingerprint, SHA-256 or better)"
        )
    for match in fingerprints[:3]:
        yield f"a=fingerprint:{match[1].lower()} {match[2].upper()}"
    role = section.value("setup") or description.session.value("setup") or ""
    if role not in ROLES:
        raise UnsupportedError(f"The {section.media} is offered as a=setup:{role[:16]}; offer actpass")
    yield f"a=setup:{role}"


def _secret(section: Section, description: Description, name: str) -> str:
    value = section.value(name) or description.session.value(name) or ""
    if not SECRET.fullmatch(value):
        raise UnsupportedError(f"The {section.media} is offered without ICE credentials (a={name})")
    return value


def _extensions(section: Section) -> Iterator[str]:
    """RFC 8285. In the publisher's order; the peer answers with those it knows."""
    for value in section.values("extmap")[:MAX_EXTENSIONS]:
        if (match := EXTENSION.fullmatch(value)) and 0 < int(match[1]) < 256:
            yield f"a=extmap:{match[1]} {match[2]}"


def _formats(section: Section) -> dict[int, str]:
    """Payload types that can be taken, by the publisher's preference, each followed by its retransmission.

    Raises UnsupportedError where there is none.
    """
    names = {int(match[1]): match[2] for each in section.values("rtpmap") if (match := FORMAT.fullmatch(each))}
    listed = [int(each) for each in section.formats if each.isdecimal() and int(each) in PAYLOAD_TYPES]
    repairs = {each: _repaired(section, each) for each in listed if names.get(each, "").lower() == "rtx/90000"}
    taken = {}
    for number in listed:
        if names.get(number, "").upper() in WANTED[section.media]:
            taken[number] = names[number]
            taken.update({each: "rtx/90000" for each, repaired in repairs.items() if repaired == number})
    if not taken:
        wanted = " or ".join(each.split("/")[0].capitalize() for each in WANTED[section.media])
        offered = ", ".join(dict.fromkeys(name.split("/")[0][:16] for name in names.values())) or "nothing"
        raise UnsupportedError(
            f"The {section.media} is offered as {offered[:200]}; offer {wanted.replace('Vp8', 'VP8')}"
        )
    return dict(tuple(taken.items())[:MAX_FORMATS])


def _repaired(section: Section, number: int) -> int | None:
    """The payload type that a format of retransmissions (RFC 4588) is for."""
    match = re.search(r"\bapt=(\d{1,3})\b", _parameters(section, number) or "")
    return int(match[1]) if match else None


def _parameters(section: Section, number: int) -> str | None:
    start = f"{number} "
    return next((each.removeprefix(start).strip() for each in section.values("fmtp") if each.startswith(start)), None)


def _format(section: Section, number: int, name: str, parameters: dict[int, str]) -> Iterator[str]:
    yield f"a=rtpmap:{number} {name}"
    if name.startswith("rtx"):
        yield f"a=fmtp:{number} apt={_repaired(section, number)}"
        return
    if name.upper().startswith("H264"):
        yield f"a=fmtp:{number} {PLAIN_H264}"
        if offered := _parameters(section, number):
            parameters[number] = offered
    for value in FEEDBACK:
        if any(f"{target} {value}" in section.values("rtcp-fb") for target in (number, "*")):
            yield f"a=rtcp-fb:{number} {value}"


def _sources(section: Section) -> Iterator[str]:
    """Sources of RTP (RFC 5576), and which of them repeats which."""
    found = (match[1] for each in section.values("ssrc") if (match := SOURCE.fullmatch(each)))
    sources = [each for each in dict.fromkeys(found) if int(each) < 1 << 32][:MAX_SOURCES]
    for value in section.values("ssrc-group")[:MAX_SOURCES]:
        if (match := SOURCE_PAIR.fullmatch(value)) and match[1] in sources and match[2] in sources:
            yield f"a=ssrc-group:{value}"
    yield from (f"a=ssrc:{source} cname:publisher" for source in sources)
