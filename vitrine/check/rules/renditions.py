"""What has to agree between the playlists of one stream (draft-22 section 6.2.4)."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from vitrine.check.finding import Severity, rule
from vitrine.check.media.fragment import Event
from vitrine.check.media.measured import Measured
from vitrine.check.playlist.dates import NANOSECONDS, dates_of
from vitrine.check.playlist.model import MediaPlaylist, Report
from vitrine.check.seen import Answer, Rendition, Stream, seconds_text

DATES_APART = Fraction(1, 20)
"""Seconds: what a viewer does not see at a switch."""

STARTS_APART = Fraction(1, 1000)
"""Seconds between the starts of what is the same segment in two renditions of pictures."""

SLACK = 3.0
"""Target durations after which what one playlist has, another must have too."""


def _misplaced(at: Fraction, segments: list[Measured], near: Fraction) -> Fraction | None:
    """How far an instant is from the nearest start of `segments`, which are in order; None where that is `near`, and
    where none of them is on then: there is a gap, or nothing was fetched.
    """
    index = bisect_right(segments, at, key=lambda each: each.start)
    before, after = segments[max(0, index - 1) : index], segments[index : index + 1]
    if not before or at >= before[0].end - near:
        return None
    apart = min(abs(at - each.start) for each in (*before, *after))
    return apart if apart > near else None


def _playlists(stream: Stream) -> list[tuple[Rendition, MediaPlaylist]]:
    return [(each, each.playlist) for each in stream.renditions if each.playlist is not None]


def _pictures(stream: Stream) -> list[Rendition]:
    return [each for each in stream.renditions if each.role == "video"]


@rule("draft 6.2.4")
def target_durations_agree(stream: Stream) -> Iterator[str]:
    """Every media playlist has the same EXT-X-TARGETDURATION; subtitles and I-frames of a VOD may differ."""
    found = [
        (rendition.name, playlist.target_duration)
        for rendition, playlist in _playlists(stream)
        if playlist.playlist_type != "VOD" or (rendition.role != "subtitles" and not playlist.i_frames_only)
    ]
    if len({target for _, target in found}) > 1:
        yield ", ".join(f"{name} has {target}" for name, target in found)


@rule("draft 6.2.4")
def server_controls_agree(stream: Stream) -> Iterator[str]:
    """If one playlist has EXT-X-SERVER-CONTROL, all have the same."""
    found = [(rendition.name, playlist.server_control) for rendition, playlist in _playlists(stream)]
    for name, control in found[1:]:
        if control != found[0][1] and not any(playlist.ended for _, playlist in _playlists(stream)):
            yield f"{name} has {control or 'none'}, {found[0][0]} has {found[0][1] or 'none'}"


@rule("draft 6.2.4")
def playlist_types_agree(stream: Stream) -> Iterator[str]:
    """If one playlist has EXT-X-PLAYLIST-TYPE, all have the same."""
    kinds = {rendition.name: playlist.playlist_type for rendition, playlist in _playlists(stream)}
    if len(set(kinds.values())) > 1:
        yield ", ".join(f"{name} has {kind}" for name, kind in kinds.items())


@rule("draft 6.2.4")
def dates_are_everywhere(stream: Stream) -> Iterator[str]:
    """If one playlist has EXT-X-PROGRAM-DATE-TIME, all have it."""
    dated = {
        rendition.name: any(segment.date is not None for segment in playlist.segments)
        for rendition, playlist in _playlists(stream)
        if playlist.segments
    }
    if any(dated.values()):
        for name, has in dated.items():
            if not has:
                yield f"{name} has none"


def _offset(rendition: Rendition) -> dict[int, Fraction]:
    """By discontinuity sequence number: a date less the media time of the same frame, in seconds."""
    found: dict[int, Fraction] = {}
    timeline = rendition.timeline()
    for (segment, measured), date in zip(timeline, dates_of([each for each, _ in timeline]), strict=True):
        if date is not None and segment.date is not None:
            found.setdefault(segment.number, date / NANOSECONDS - measured.start)
    return found


@rule("draft 6.2.4")
def dates_agree(stream: Stream) -> Iterator[str]:
    """The same media time has the same date in every rendition."""
    found = [(each.name, _offset(each)) for each in stream.renditions]
    for (one, first), (other, second) in combinations([each for each in found if each[1]], 2):
        for number in first.keys() & second.keys():
            apart = abs(first[number] - second[number])
            if apart > DATES_APART:
                yield f"{one} and {other} are {seconds_text(apart)} apart"


@rule("Apple 8.22; draft 6.2.4", Severity.WARNING)
def segments_are_aligned(stream: Stream) -> Iterator[str]:
    """Segments of pictures start at the same instants in every rendition, but where one has a gap or was not had."""
    pictures = [(each.name, [measured for _, measured in each.timeline()]) for each in _pictures(stream)]
    for (one, first), (other, second) in combinations(pictures, 2):
        for name, there, segments, others in ((one, other, first, second), (other, one, second, first)):
            for each in segments:
                if _misplaced(each.start, others, STARTS_APART) is not None:
                    yield f"{name} has a segment at {seconds_text(each.start)}, {there} has none there"


@rule("Apple 8.2", Severity.NOTE)
def sound_is_cut_with_the_pictures(stream: Stream) -> Iterator[str]:
    """Segments of sound start where those of the pictures do, to a frame of sound."""
    pictures = [measured for each in _pictures(stream)[:1] for _, measured in each.timeline()]
    for rendition in stream.renditions:
        for segment, measured in rendition.timeline() if rendition.role == "audio" and pictures else ():
            apart = _misplaced(measured.start, pictures, measured.frame)
            if apart is not None:
                yield f"{rendition.name}: segment {segment.msn} starts {seconds_text(apart)} from the nearest"


@rule("draft 6.2.4")
def discontinuity_numbers_agree(stream: Stream) -> Iterator[str]:
    """The same content has the same discontinuity sequence number in every rendition."""
    lines = [(each.name, each.timeline()) for each in stream.renditions]
    for (one, first), (other, second) in combinations([each for each in lines if each[1]], 2):
        numbers = {(round(measured.start * 4), segment.msn): segment.number for segment, measured in first}
        for segment, measured in second:
            number = numbers.get((round(measured.start * 4), segment.msn))
            if number is not None and number != segment.number:
                yield f"segment {segment.msn} has {number} in {one}, {segment.number} in {other}"


@rule("draft 6.2.4")
def date_ranges_agree(stream: Stream) -> Iterator[str]:
    """Playlists that have date ranges have the same ones, with the same attributes."""
    carrying = [(each, playlist) for each, playlist in _playlists(stream) if each.ranges]
    for (one, first), (other, second) in combinations(carrying, 2):
        for here, there, target in ((one, other, second.target), (other, one, first.target)):
            for identifier, (_, since) in here.ranges.items():
                start, end = there.answers[0].done, there.answers[-1].asked
                if identifier not in there.ranges and start < since < end - SLACK * target:
                    yield f"{identifier} is in {here.name}, and not in {there.name}"
        for identifier in one.ranges.keys() & other.ranges.keys():
            raw, also = one.ranges[identifier][0], other.ranges[identifier][0]
            for name in raw.keys() & also.keys():
                if raw[name] != also[name]:
                    yield f"{identifier}: {name} is {raw[name]} in {one.name}, {also[name]} in {other.name}"


def _events(rendition: Rendition) -> dict[tuple[str, int, Fraction], Event]:
    """By scheme, id and seconds of the media."""
    found = {}
    for seen in rendition.segments.values():
        for event in seen.media.events if seen.media else ():
            if event.time is not None and event.timescale:
                found[event.scheme, event.id, Fraction(event.time, event.timescale)] = event
    return found


@rule("draft 6.2.4; ID3 in CMAF", Severity.WARNING)
def events_agree(stream: Stream) -> Iterator[str]:
    """Every rendition of pictures has the same emsg boxes, byte for byte."""
    carrying = [(each, _events(each), each.timeline()) for each in _pictures(stream)]
    if not any(events for _, events, _ in carrying):
        return
    for (one, first, line), (other, second, other_line) in combinations(carrying, 2):
        common = {segment.msn for segment, _ in line} & {segment.msn for segment, _ in other_line}
        spans = [(measured.start, measured.end) for segment, measured in line if segment.msn in common]
        starts = [start for start, _ in spans]
        for key in first.keys() | second.keys():
            index = bisect_right(starts, key[2]) - 1
            if index < 0 or key[2] >= spans[index][1]:
                continue
            if key not in first or key not in second:
                there = one.name if key in first else other.name
                yield f"the emsg {key[0]} {key[1]} at {seconds_text(key[2])} is only in {there}"
            elif first[key].digest != second[key].digest:
                yield f"the emsg {key[0]} {key[1]} at {seconds_text(key[2])} differs in {one.name} and {other.name}"


@rule("draft B.1", Severity.WARNING)
def every_other_rendition_is_reported(stream: Stream) -> Iterator[str]:
    """A live playlist with parts has an EXT-X-RENDITION-REPORT of every other playlist."""
    for rendition, playlist in _playlists(stream):
        if not (playlist.live and playlist.has_parts):
            continue
        reported = [stream.at(rendition.url, report.uri) for report in playlist.reports]
        for other, its in _playlists(stream):
            if other is not rendition and its.live and all(each is not other for each in reported):
                yield f"{rendition.name} has none of {other.name}"


Position = tuple[int, float]
"""Media sequence number, and index of a part; infinite for a whole segment."""


def _position(msn: int, part: int | None) -> Position:
    return msn, float("inf") if part is None else part


def _of(answer: Answer, report: Report) -> Position:
    """Where an answer ends, told as the report tells it: a report without a part counts whole segments."""
    if report.last_part is None:
        return _position(answer.next_msn - 1, None)
    return _position(*answer.last)


@dataclass(frozen=True, slots=True)
class _Told:
    """One report: in which answer of whom it stood, and what the other playlist answered before and after."""

    teller: Rendition
    report: Report
    other: Rendition
    earlier: Answer | None
    """The last that had come when the report's playlist was asked for."""
    later: Answer | None
    """The first that was asked for when the report had come."""

    @property
    def position(self) -> Position:
        return _position(self.report.last_msn or 0, self.report.last_part)

    def against(self, answer: Answer) -> str:
        named = (self.report.last_msn, self.report.last_part)
        return f"{self.teller.name} reports {named} of {self.other.name}, which had {answer.last}"


def _reports(stream: Stream) -> Iterator[_Told]:
    asked = {each.name: [answer.asked for answer in each.answers] for each in stream.renditions}
    done = {each.name: [answer.done for answer in each.answers] for each in stream.renditions}
    answers = {each.name: list(each.answers) for each in stream.renditions}
    for teller in stream.renditions:
        found: dict[str, Rendition | None] = {}
        for answer in teller.answers:
            for report in answer.reports:
                if report.uri not in found:
                    found[report.uri] = stream.at(teller.url, report.uri)
                other = found[report.uri]
                if other is None or other is teller or report.last_msn is None:
                    continue
                before = bisect_right(done[other.name], answer.asked)
                after = bisect_left(asked[other.name], answer.done)
                theirs = answers[other.name]
                earlier, later = theirs[before - 1 : before], theirs[after : after + 1]
                yield _Told(teller, report, other, next(iter(earlier), None), next(iter(later), None))


@rule("draft 4.4.5.4")
def reports_promise_nothing(stream: Stream) -> Iterator[str]:
    """A rendition report names no part that the other playlist, asked for after it, does not have yet."""
    for told in _reports(stream):
        if told.later is not None and told.position > _of(told.later, told.report):
            yield told.against(told.later)


@rule("draft 4.4.5.4", Severity.WARNING)
def reports_are_fresh(stream: Stream) -> Iterator[str]:
    """A rendition report is not older than what the other playlist had when this one was asked for."""
    for told in _reports(stream):
        if told.earlier is not None and told.position < _of(told.earlier, told.report):
            yield told.against(told.earlier)


RULES = (
    target_durations_agree,
    server_controls_agree,
    playlist_types_agree,
    dates_are_everywhere,
    dates_agree,
    segments_are_aligned,
    sound_is_cut_with_the_pictures,
    discontinuity_numbers_agree,
    date_ranges_agree,
    events_agree,
    every_other_rendition_is_reported,
    reports_promise_nothing,
    reports_are_fresh,
)
