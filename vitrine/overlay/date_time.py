"""Dates as people and players write them, to and from `utc_ns`."""

import re
from datetime import datetime, timedelta

from vitrine.media.errors import MalformedError
from vitrine.media.ticks import rescale

EXAMPLE = "2026-11-29T17:00:03.120Z"
NANOSECONDS_PER_MILLISECOND = 1_000_000
EPOCH = datetime(1970, 1, 1)
"""Naive, though in UTC: isoformat would write an offset where HLS has a Z."""

FIRST_YEAR, LAST_YEAR = 1970, 9998
"""A zone can put no date of these out of Python's reach, and only an hour or so before 0."""

FORM = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?:([Zz])|([+-])(\d\d):?(\d\d))", re.ASCII
)
"""ISO 8601 with all its parts but the fraction, which has up to nanoseconds."""


def parse_date_time(text: str) -> int:
    """`utc_ns` of an ISO 8601 date and time. Its zone must be said, as Z or an offset. Raises MalformedError."""
    found = FORM.fullmatch(text)
    if not found:
        raise MalformedError(f"{text[:40]!r} is no date and time with a zone, such as {EXAMPLE}")
    day, hour, minute, second, fraction, _, sign, offset_hours, offset_minutes = found.groups()
    if not FIRST_YEAR <= int(day[:4]) <= LAST_YEAR:
        raise MalformedError(f"{text!r} is no date of this time; take a year from {FIRST_YEAR} to {LAST_YEAR}")
    try:
        local = datetime.fromisoformat(f"{day}T{hour}:{minute}:{second}")
    except ValueError as error:
        raise MalformedError(f"{text!r} is no date and time: {error}") from error
    offset = 0
    if sign:
        if int(offset_hours) > 23 or int(offset_minutes) > 59:
            raise MalformedError(f"{text!r} is no date and time: its offset is no zone of this world")
        offset = int(sign + "1") * (int(offset_hours) * 60 + int(offset_minutes)) * 60
    since = local - EPOCH
    return (since.days * 86_400 + since.seconds - offset) * 1_000_000_000 + int((fraction or "").ljust(9, "0"))


def date_time_text(utc_ns: int) -> str:
    """To the nearest millisecond, as in a playlist: `2026-11-29T17:00:03.120Z`."""
    milliseconds = rescale(utc_ns, NANOSECONDS_PER_MILLISECOND, 1)
    return (EPOCH + timedelta(milliseconds=milliseconds)).isoformat(timespec="milliseconds") + "Z"
