from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from tests.check.breaking import broken
from tests.check.scene import MAP, SOUND, event, fragment, fragments, high, listed, media, moved, redated, said
from vitrine.check.media.init import Init
from vitrine.check.rules import media as rules
from vitrine.check.seen import Rendition


def test_what_is_right() -> None:
    assert broken(rules.RULES, high()) == {}


def late(rendition: Rendition) -> None:
    """Everything from segment 2 on comes a tenth of a second late; the parts are of no matter here."""
    rendition.parts.clear()
    for msn in (2, 3):
        moved(rendition.segments[msn], 9000)
        media(rendition.segments[msn], lambda was: replace(was, events=()))


def long_frames(rendition: Rendition) -> None:
    """Segment 1 lasts three seconds."""
    rendition.parts.clear()
    del rendition.segments[2], rendition.segments[3]
    fragments(rendition.segments[1], duration=135_000, decode_time=180_000)
    second = replace(fragment(315_000, ticks=135_000), sequence=9)
    media(rendition.segments[1], lambda was: replace(was, fragments=(was.fragments[0], second)))
    listed(rendition.segments[1], duration=3)


def drift(rendition: Rendition) -> None:
    """Each EXTINF is a little less than a frame too long."""
    for seen in rendition.segments.values():
        listed(seen, duration=Fraction(202, 100))


def refused(rendition: Rendition) -> None:
    rendition.segments[3].media, rendition.segments[3].told = None, "status 404"


def long_part(rendition: Rendition) -> None:
    fragments(rendition.parts[1, 0], duration=91_000)
    listed(rendition.parts[1, 0], duration=Fraction(91, 90))


Break = Callable[[Rendition], object]

TABLE: list[tuple[str, Break, str]] = [
    (
        "listed-media-can-be-had",
        refused,
        "segment 3 (3.m4s): status 404",
    ),
    ("mp4-has-its-initialisation", lambda high: setattr(high.segments[3], "map", None), "no EXT-X-MAP applies"),
    (
        "mp4-has-its-initialisation",
        lambda high: high.inits.update({MAP: Init((), (replace(SOUND, id=2),))}),
        "has a track that its initialisation section has not",
    ),
    ("segment-is-its-parts", lambda high: setattr(high.segments[1], "differs", "part 1 differs"), "segment 1: part 1"),
    ("segments-last-what-is-written", lambda high: listed(high.segments[1], duration=1.9), "has EXTINF 1.9 s"),
    ("durations-add-up", drift, "4 EXTINFs add up to 8.08 s, their media to 8 s"),
    ("media-fit-the-target-duration", long_frames, "segment 1 lasts 3 s; TARGETDURATION is 2"),
    ("parts-last-what-is-written", lambda high: listed(high.parts[1, 0], duration=0.9), "has DURATION 0.9 s"),
    (
        "parts-fit-their-target",
        long_part,
        "part 0 of segment 1 lasts 1.011 s; PART-TARGET is 1 s",
    ),
    (
        "independent-parts-are",
        lambda high: fragments(high.parts[1, 0], starts_sync=False, has_sync=False),
        "part 0 of segment 1 says",
    ),
    ("keyframes-are-told", lambda high: listed(high.parts[1, 0], independent=False), "part 0 of segment 1 starts with"),
    ("segments-start-with-a-keyframe", lambda high: fragments(high.segments[2], starts_sync=False), "segment 2 starts"),
    ("decode-times-go-on", late, "segment 2, track 1: a gap of 0.1 s before tfdt 369000"),
    ("fragments-are-numbered", lambda high: fragments(high.segments[2], sequence=1), "segment 2 begins with number 1"),
    (
        "events-lie-in-their-fragment",
        lambda high: media(high.segments[1], lambda was: replace(was, events=(event(180_000 - 900),))),
        "segment 1: an emsg is at 1.99 s; the media are from 2 s to 4 s",
    ),
    (
        "events-lie-in-their-fragment",
        lambda high: media(high.segments[1], lambda was: replace(was, events=(replace(event(0), version=0),))),
        "has version 0",
    ),
    (
        "events-lie-in-their-fragment",
        lambda high: media(high.segments[1], lambda was: replace(was, events_after=2)),
        "2 emsg boxes have no moof",
    ),
]


@pytest.mark.parametrize(("rule", "break_it", "seen"), TABLE)
def test_what_is_wrong(rule: str, break_it: Break, seen: str) -> None:
    rendition = high()
    break_it(rendition)
    found = broken(rules.RULES, rendition)
    assert any(seen in each for each in found.get(rule, [])), found
    also = {"dates-go-with-the-media", "segments-last-what-is-written", "durations-add-up"}
    assert set(found) - also <= {rule}, found


def test_dates_that_drift_from_the_media() -> None:
    rendition = high()
    redated(rendition.segments[2], 60_000_000)
    assert broken(rules.RULES, rendition) == {
        "dates-go-with-the-media": ["segment 2 is dated 0.06 s from where segment 0 has it"]
    }
    listed(rendition.segments[2], number=1)
    listed(rendition.segments[3], number=2)
    assert broken(rules.RULES, rendition) == {}


def test_a_discontinuity_may_jump() -> None:
    rendition = high()
    late(rendition)
    listed(rendition.segments[2], discontinuity=True, number=1, date=None)
    listed(rendition.segments[3], number=1, date=None)
    assert broken(rules.RULES, rendition) == {}


def test_what_was_not_read_breaks_nothing() -> None:
    rendition = high()
    for seen in (*rendition.segments.values(), *rendition.parts.values()):
        media(seen, lambda was: replace(was, kind="ts", fragments=(), events=()))
    said(rendition, part_target=None)
    assert broken(rules.RULES, rendition) == {}
