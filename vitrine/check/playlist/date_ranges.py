"""Reading EXT-X-DATERANGE (draft-22 section 4.4.5.1)."""

from collections.abc import Mapping
from fractions import Fraction

from vitrine.check.playlist.attributes import Attributes, Note
from vitrine.check.playlist.model import DateRange

NANOSECONDS = 1_000_000_000
CUES = {"PRE", "POST", "ONCE"}


def read_date_range(attributes: Attributes, known: Mapping[str, DateRange], note: Note) -> DateRange | None:
    """One tag, joined with those of the same ID before it; None without an ID."""
    identifier = attributes.required("ID")
    if not identifier:
        return None
    earlier = known.get(identifier)
    raw = dict(earlier.raw) if earlier else {}
    for name, value in attributes.raw.items():
        if raw.setdefault(name, value) != value:
            note(f"date range {identifier}: two of its tags say {raw[name]} and {value} for {name}")
    start, end = attributes.date("START-DATE"), attributes.date("END-DATE")
    duration = attributes.decimal("DURATION")
    planned = attributes.decimal("PLANNED-DURATION")
    found = DateRange(
        id=identifier,
        kind=attributes.quoted("CLASS") or (earlier.kind if earlier else None),
        start=start if start is not None else (earlier.start if earlier else None),
        end=end if end is not None else (earlier.end if earlier else None),
        duration=duration if duration is not None else (earlier.duration if earlier else None),
        end_on_next=attributes.flag("END-ON-NEXT") or bool(earlier and earlier.end_on_next),
        raw=raw,
    )
    if min(duration or 0, planned or 0) < 0:
        note(f"date range {identifier}: a duration is negative")
    for word in (attributes.quoted("CUE") or "").split(","):
        if word and word not in CUES:
            note(f"date range {identifier}: CUE has {word!r}; there are PRE, POST and ONCE")
    return found


def end_of(found: DateRange) -> Fraction | None:
    """Nanoseconds at which the range ends; None if it is not known."""
    if found.end is not None:
        return Fraction(found.end)
    if found.duration is not None and found.start is not None:
        return found.start + found.duration * NANOSECONDS
    return None
