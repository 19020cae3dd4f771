"""One function for each HLS tag we write, in the order of draft-pantos-hls-rfc8216bis-22 section 4.4.

Each gives its line without the line end.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from fractions import Fraction

from vitrine.media.errors import MisuseError
from vitrine.media.ticks import rescale
from vitrine.packager.programme import milliseconds

NANOSECONDS = 1_000_000_000
EPOCH = datetime(1970, 1, 1)
"""Naive, though in UTC: isoformat would write an offset where HLS has a Z."""

EXTM3U = "#EXTM3U"
INDEPENDENT_SEGMENTS = "#EXT-X-INDEPENDENT-SEGMENTS"
ENDLIST = "#EXT-X-ENDLIST"
GAP = "#EXT-X-GAP"
DISCONTINUITY = "#EXT-X-DISCONTINUITY"
PLAYLIST_TYPE_VOD = "#EXT-X-PLAYLIST-TYPE:VOD"


def decimal(ticks: int, timescale: int) -> str:
    """Seconds to the nearest nanosecond: rounding keeps order, so a part is never written above its target.

    With microseconds six parts of a third of a second miss two of those, and Shaka Player (5.2), which adds them up and
    allows for one, never comes to the end of a show.
    """
    whole, rest = divmod(rescale(ticks, timescale, NANOSECONDS), NANOSECONDS)
    return f"{whole}.{rest:09d}".rstrip("0").rstrip(".")


def decimal_fraction(seconds: Fraction) -> str:
    return decimal(seconds.numerator, seconds.denominator)


def quoted(text: str) -> str:
    """A quoted-string (section 4.2). Raises MisuseError for what it cannot hold."""
    if '"' in text or "\n" in text or "\r" in text:
        raise MisuseError(f"A playlist attribute cannot hold {text!r}")
    return f'"{text}"'


def utc_text(utc_ns: int) -> str:
    """ISO 8601 in UTC, to the nearest millisecond: `2026-11-29T17:00:03.120Z`."""
    return (EPOCH + timedelta(milliseconds=milliseconds(utc_ns))).isoformat(timespec="milliseconds") + "Z"


def version(number: int) -> str:
    return f"#EXT-X-VERSION:{number}"


def extinf(ticks: int, timescale: int) -> str:
    """Section 4.4.4.1; the comma stays though no title follows."""
    return f"#EXTINF:{decimal(ticks, timescale)},"


def map_uri(uri: str) -> str:
    return f"#EXT-X-MAP:URI={quoted(uri)}"


def program_date_time(utc_ns: int) -> str:
    return f"#EXT-X-PROGRAM-DATE-TIME:{utc_text(utc_ns)}"


def part(uri: str, ticks: int, timescale: int, *, independent: bool, gap: bool = False) -> str:
    suffix = (",INDEPENDENT=YES" if independent else "") + (",GAP=YES" if gap else "")
    return f"#EXT-X-PART:DURATION={decimal(ticks, timescale)},URI={quoted(uri)}{suffix}"


def target_duration(seconds: int) -> str:
    return f"#EXT-X-TARGETDURATION:{seconds}"


def media_sequence(msn: int) -> str:
    return f"#EXT-X-MEDIA-SEQUENCE:{msn}"


def discontinuity_sequence(count: int) -> str:
    """Section 4.4.3.3."""
    return f"#EXT-X-DISCONTINUITY-SEQUENCE:{count}"


def part_inf(part_target: Fraction) -> str:
    return f"#EXT-X-PART-INF:PART-TARGET={decimal_fraction(part_target)}"


def server_control(*, can_skip_until: int, hold_back: int, part_hold_back: Fraction) -> str:
    return (
        f"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL={can_skip_until},CAN-SKIP-DATERANGES=YES,"
        f"HOLD-BACK={hold_back},PART-HOLD-BACK={decimal_fraction(part_hold_back)}"
    )


def date_range(
    identifier: str, kind: str, start_utc_ns: int, end_utc_ns: int | None, extra: Mapping[str, str | int]
) -> str:
    """Section 4.4.5.1. END-DATE alone says where it ends: DURATION would say it again, three times a second.

    `kind` is the CLASS. `extra` are attributes of our own, texts and numbers; their names begin with X-.
    """
    attributes = [
        f"ID={quoted(identifier)}",
        f"CLASS={quoted(kind)}",
        f"START-DATE={quoted(utc_text(start_utc_ns))}",
    ]
    if end_utc_ns is not None:
        attributes.append(f"END-DATE={quoted(utc_text(end_utc_ns))}")
    attributes += [f"{name}={quoted(value) if isinstance(value, str) else value}" for name, value in extra.items()]
    return "#EXT-X-DATERANGE:" + ",".join(attributes)


def skip(segments: int, removed: str | None = None) -> str:
    """Section 4.4.5.2; `removed` are the ids of date ranges, with a tab between, None if all of these are listed."""
    suffix = "" if removed is None else f",RECENTLY-REMOVED-DATERANGES={quoted(removed)}"
    return f"#EXT-X-SKIP:SKIPPED-SEGMENTS={segments}{suffix}"


def preload_hint(uri: str) -> str:
    return f"#EXT-X-PRELOAD-HINT:TYPE=PART,URI={quoted(uri)}"


def rendition_report(uri: str, last_msn: int, last_part: int | None) -> str:
    """Section 4.4.5.4; a rendition without parts has no last one."""
    suffix = "" if last_part is None else f",LAST-PART={last_part}"
    return f"#EXT-X-RENDITION-REPORT:URI={quoted(uri)},LAST-MSN={last_msn}{suffix}"


def media(group: str, name: str, uri: str, *, channels: int, default: bool) -> str:
    """An audio rendition (section 4.4.6.1)."""
    chosen = "YES" if default else "NO"
    return (
        f"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID={quoted(group)},NAME={quoted(name)},DEFAULT={chosen},AUTOSELECT=YES,"
        f'CHANNELS="{channels}",URI={quoted(uri)}'
    )


def subtitles(group: str, name: str, uri: str) -> str:
    """A rendition of text that nobody sees unasked (section 4.4.6.1). Its language is that of the shop: unknown."""
    return (
        f'#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID={quoted(group)},NAME={quoted(name)},LANGUAGE="und",DEFAULT=NO,'
        f"AUTOSELECT=NO,FORCED=NO,URI={quoted(uri)}"
    )


def stream_inf(attributes: dict[str, str]) -> str:
    """Section 4.4.6.2; the values come written."""
    return "#EXT-X-STREAM-INF:" + ",".join(f"{name}={value}" for name, value in attributes.items())
