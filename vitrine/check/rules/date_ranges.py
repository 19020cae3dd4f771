"""EXT-X-DATERANGE (draft-22 sections 4.4.5.1 and 6.2.1)."""

from collections.abc import Iterator
from fractions import Fraction

from vitrine.check.finding import rule
from vitrine.check.playlist.date_ranges import NANOSECONDS, end_of
from vitrine.check.playlist.dates import span_of
from vitrine.check.playlist.model import DateRange, MediaPlaylist
from vitrine.check.seen import Reload, seconds_text

ROUNDING = Fraction(1, 1000)
"""Seconds: dates are mostly written in milliseconds."""

KNOWN = {
    "ID", "CLASS", "START-DATE", "CUE", "END-DATE", "DURATION", "PLANNED-DURATION", "END-ON-NEXT",
    "SCTE35-CMD", "SCTE35-OUT", "SCTE35-IN",
}  # fmt: skip


@rule("draft 4.4.5.1")
def date_ranges_need_a_date(playlist: MediaPlaylist) -> Iterator[str]:
    """A playlist with date ranges has an EXT-X-PROGRAM-DATE-TIME."""
    dated = playlist.open.date is not None or any(segment.date is not None for segment in playlist.segments)
    if playlist.date_ranges and not dated and playlist.skip is None:
        yield f"{len(playlist.date_ranges)} date ranges, and no segment has a date"


@rule("draft 4.4.5.1")
def date_ranges_are_whole(playlist: MediaPlaylist) -> Iterator[str]:
    """A date range has a START-DATE, and an end that fits: neither before it, nor said in two ways that differ."""
    for found in playlist.date_ranges.values():
        if found.start is None:
            yield f"{found.id} has no START-DATE"
        elif found.end is not None:
            length = Fraction(found.end - found.start, NANOSECONDS)
            if length < 0:
                yield f"{found.id} ends {seconds_text(-length)} before it starts"
            elif found.duration is not None and abs(found.duration - length) > ROUNDING:
                apart = seconds_text(length)
                yield f"{found.id}: DURATION is {seconds_text(found.duration)}, its dates are {apart} apart"


@rule("draft 4.4.5.1")
def end_on_next_stands_alone(playlist: MediaPlaylist) -> Iterator[str]:
    """END-ON-NEXT=YES needs a CLASS, and goes with neither DURATION nor END-DATE."""
    for found in playlist.date_ranges.values():
        if found.end_on_next and found.kind is None:
            yield f"{found.id} has END-ON-NEXT, but no CLASS"
        if found.end_on_next and (found.duration is not None or found.end is not None):
            yield f"{found.id} has END-ON-NEXT, and an end"


@rule("draft 4.4.5.1")
def own_attributes_begin_with_x(playlist: MediaPlaylist) -> Iterator[str]:
    """Attributes that the draft does not know begin with X-."""
    for found in playlist.date_ranges.values():
        for name in found.raw:
            if name not in KNOWN and not name.startswith("X-"):
                yield f"{found.id} has {name}"


@rule("draft 4.4.5.1")
def date_range_values_stay(reload: Reload) -> Iterator[str]:
    """Tags of one ID may add attributes; the value of one that was there never changes, and no ID is used again."""
    for identifier, before in reload.before.date_ranges.items():
        after = reload.after.date_ranges.get(identifier)
        for name, value in before.raw.items() if after else ():
            now = after.raw.get(name) if after else None
            if now is not None and now != value:
                yield f"{identifier}: {name}={value} became {now}"


def covered_until(found: DateRange, ranges: MediaPlaylist) -> Fraction | None:
    """Nanoseconds at which a range ends; None while it is open. END-ON-NEXT ends where the next of its class starts."""
    if not found.end_on_next:
        return end_of(found)
    starts = [each.start for each in ranges.date_ranges.values() if each.kind == found.kind and each.start is not None]
    return min((Fraction(start) for start in starts if found.start is not None and start > found.start), default=None)


def missing(before: MediaPlaylist, after: MediaPlaylist) -> list[DateRange]:
    """The date ranges of one playlist that another lacks, though they map to segments that it lists."""
    gone = [found for name, found in before.date_ranges.items() if name not in after.date_ranges]
    span = span_of(after) if gone else None
    found = []
    for each in gone:
        until = covered_until(each, before)
        if span and each.start is not None and each.start < span[1] and (until is None or until > span[0]):
            found.append(each)
    return found


@rule("draft 6.2.1")
def date_ranges_stay_while_they_count(reload: Reload) -> Iterator[str]:
    """A date range stays in the playlist as long as any of its dates is that of a listed segment."""
    for found in missing(reload.before, reload.after):
        yield f"{found.id} left, though it maps to segments that are listed"


PLAYLIST_RULES = (
    date_ranges_need_a_date,
    date_ranges_are_whole,
    end_on_next_stands_alone,
    own_attributes_begin_with_x,
)
RELOAD_RULES = (date_range_values_stay, date_ranges_stay_while_they_count)
