"""Whether a live playlist grows in time (draft-22 section 6.2.1), by when its versions came."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

from vitrine.check.finding import rule
from vitrine.check.seen import Answer, Rendition, seconds_text

SLACK = 1.0
"""Seconds that the network, and this machine, may take."""


def _unchanged(before: Answer, after: Answer) -> float:
    """Seconds for which the server surely had nothing newer than `before`, though `after` was asked for.

    An answer that was held came when there was something to tell; one that was not tells of the time it was asked.
    """
    return (after.done if after.blocked else after.asked) - before.done


@rule("draft 6.2.1")
def segments_come_in_time(rendition: Rendition) -> Iterator[str]:
    """A live playlist has a new segment within one and a half target durations; a gap may be told when it begins."""
    playlist = rendition.playlist
    if playlist is None or not rendition.answers:
        return
    newest = rendition.answers[0]
    limit = 1.5 * playlist.target + SLACK
    told = 0
    for answer in rendition.answers:
        waited = _unchanged(newest, answer)
        news = answer.next_msn > newest.next_msn
        if (
            waited > limit + (playlist.target if newest.in_gap else 0)
            and told != newest.next_msn
            and (answer.blocked or not news)
        ):
            told = newest.next_msn
            yield f"no segment came for {seconds_text(waited)} after segment {newest.next_msn - 1}"
        if news:
            newest = answer


@rule("draft 6.2.1")
def parts_come_in_time(rendition: Rendition) -> Iterator[str]:
    """A live playlist with parts has a new one within one part target; a gap may be told as a whole when it begins."""
    target = rendition.playlist.part_target if rendition.playlist else None
    for before, after in pairwise(rendition.answers):
        if (
            target is not None
            and after.blocked
            and not before.in_gap
            and _unchanged(before, after) > target + Fraction(SLACK)
        ):
            yield f"no part came for {seconds_text(after.done - before.done)} after {before.last}"


RULES = (segments_come_in_time, parts_come_in_time)
