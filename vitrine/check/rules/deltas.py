"""Delta updates (draft-22 sections 4.4.5.2 and 6.2.5.1)."""

from collections.abc import Iterator
from fractions import Fraction

from vitrine.check.finding import rule
from vitrine.check.playlist.model import MediaPlaylist
from vitrine.check.rules.date_ranges import missing
from vitrine.check.seen import Update, seconds_text

SLACK = 2.0
"""Seconds by which a change may have been seen later than it was made."""


def _boundary(update: Update) -> Fraction | None:
    control = update.whole.server_control
    return control.can_skip_until if control else None


@rule("draft 6.2.5.1")
def skipping_is_offered(update: Update) -> Iterator[str]:
    """EXT-X-SKIP is only written where CAN-SKIP-UNTIL is, and never with EXT-X-ENDLIST."""
    if update.delta.skip is not None and _boundary(update) is None:
        yield "there is an EXT-X-SKIP, but no CAN-SKIP-UNTIL"
    if update.delta.skip is not None and update.delta.ended:
        yield "there is an EXT-X-SKIP beside EXT-X-ENDLIST"


@rule("draft 6.2.5.1")
def skip_is_answered_by_a_delta(update: Update) -> Iterator[str]:
    """_HLS_skip gets a delta update wherever there is something to skip.

    A discontinuity is better not skipped: hls.js has lost count then in several releases (#6949, #7282).
    """
    boundary = _boundary(update)
    if boundary is None or update.delta.skip is not None or update.delta.ended:
        return
    if any(segment.discontinuity for segment in update.whole.segments):
        return
    if sum((segment.duration for segment in update.whole.segments[1:]), Fraction(0)) > boundary:
        yield f"a whole playlist of {seconds_text(update.whole.seconds)} came"


@rule("draft 6.2.5.1")
def nothing_within_the_boundary_is_skipped(update: Update) -> Iterator[str]:
    """Only segments that are further from the end than CAN-SKIP-UNTIL are skipped."""
    boundary, skip = _boundary(update), update.delta.skip
    if boundary is None or skip is None or not skip.segments:
        return
    distance = sum((segment.duration for segment in update.delta.segments), Fraction(0))
    if distance < boundary:
        newest = update.delta.first_msn + skip.segments - 1
        told = f"the boundary is {seconds_text(boundary)}"
        yield f"segment {newest} is skipped, {seconds_text(distance)} before the end; {told}"


@rule("draft 6.2.5.1")
def delta_gives_the_full_playlist(update: Update) -> Iterator[str]:
    """A delta update, made whole with what came before it, says what the full playlist says."""
    if update.full is None:
        return
    for segment in update.whole.segments:
        other = update.full.segment(segment.msn)
        for name in ("resource", "duration", "discontinuity", "number", "gap", "map", "key"):
            if other is not None and getattr(other, name) != getattr(segment, name):
                told = f"{getattr(segment, name)} by the delta, {getattr(other, name)} in full"
                yield f"segment {segment.msn}: {name}: {told}"
    if update.full.first_msn < update.whole.first_msn:
        yield f"the first segment is {update.whole.first_msn} by the delta, {update.full.first_msn} in full"


@rule("draft 6.2.5.1")
def delta_gives_the_same_date_ranges(update: Update) -> Iterator[str]:
    """A delta update, made whole, has the date ranges that the full playlist has."""
    yield from _lost(update.whole, update.full, "the delta made whole", "the full playlist")
    yield from _lost(update.earlier, update.whole, "the full playlist", "the delta made whole")


def _lost(one: MediaPlaylist | None, other: MediaPlaylist | None, here: str, there: str) -> Iterator[str]:
    """What `one` has of date ranges, and `other`, which was asked for after it, has not. `other` may have more."""
    if one is None or other is None:
        return
    for found in missing(one, other):
        yield f"{found.id} is in {here}, and not in {there}"
    for identifier in one.date_ranges.keys() & other.date_ranges.keys():
        raw, also = one.date_ranges[identifier].raw, other.date_ranges[identifier].raw
        if lost := {name: value for name, value in raw.items() if also.get(name) != value}:
            yield f"{identifier} has {lost} in {here}, { ({name: also.get(name) for name in lost}) } in {there}"


@rule("draft 6.2.5.1")
def removed_date_ranges_are_told(update: Update) -> Iterator[str]:
    """A delta update names the date ranges that have left, where it does not list all that are there."""
    if update.earlier is not None and update.delta.skip is not None:
        kept = update.whole.date_ranges.keys() - update.delta.date_ranges.keys()
        for identifier in sorted(kept - update.earlier.date_ranges.keys()):
            yield f"{identifier} had left the full playlist, and the delta does not say so"


@rule("draft 6.2.5.1")
def old_date_ranges_are_skipped(update: Update) -> Iterator[str]:
    """With _HLS_skip=v2 a delta update leaves out date ranges that came more than CAN-SKIP-UNTIL before."""
    boundary = _boundary(update)
    if not update.v2 or boundary is None or update.delta.skip is None:
        return
    for identifier, listed in update.delta.date_ranges.items():
        known, since = update.known.get(identifier, ({}, update.asked))
        if listed.raw.items() <= known.items() and update.asked - since > boundary + SLACK:
            yield f"{identifier} is as it is since {seconds_text(update.asked - since)}, and listed again"


RULES = (
    skipping_is_offered,
    skip_is_answered_by_a_delta,
    nothing_within_the_boundary_is_skipped,
    delta_gives_the_full_playlist,
    delta_gives_the_same_date_ranges,
    removed_date_ranges_are_told,
    old_date_ranges_are_skipped,
)
