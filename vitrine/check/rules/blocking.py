"""Blocking reload, in every form that a client may ask (draft-22 section 6.2.5.2)."""

from collections.abc import Iterator
from dataclasses import dataclass

from vitrine.check.finding import Severity, rule
from vitrine.check.playlist.model import MediaPlaylist
from vitrine.check.reloading import Directives, Form, holds
from vitrine.check.seen import Response, seconds_text

SLACK = 1.0
"""Seconds that the network and a busy machine may take."""

AT_ONCE = {Form.LISTED, Form.GONE, Form.ENDED}
REFUSED_BEST = {Form.FAR_SEGMENT, Form.FAR_PART}


@dataclass(frozen=True, slots=True)
class Blocked:
    """One request with directives. `before` is what the client had, `after` the whole playlist that came, if any."""

    form: Form
    directives: Directives
    response: Response
    before: MediaPlaylist
    after: MediaPlaylist | None

    @property
    def took(self) -> float:
        return self.response.done - self.response.asked

    @property
    def told(self) -> str:
        return (
            f"{self.form.value} ({self.directives.address('')}): {self.response.told} after {seconds_text(self.took)}"
        )


@rule("draft 6.2.5.2")
def part_without_segment_is_refused(blocked: Blocked) -> Iterator[str]:
    """_HLS_part without _HLS_msn gets status 400."""
    if blocked.form is Form.PART_ALONE and blocked.response.status != 400:
        yield blocked.told


@rule("draft 6.2.5.2", Severity.WARNING)
def what_is_far_ahead_is_refused(blocked: Blocked) -> Iterator[str]:
    """More than two segments past the end, or past the Advance Part Limit, gets status 400 at once."""
    refused = blocked.response.status == 400 and blocked.took <= blocked.before.target + SLACK
    if blocked.form in REFUSED_BEST and not refused and not _had_closed(blocked):
        yield blocked.told


def _had_closed(blocked: Blocked) -> bool:
    """The segment was complete when the question came: a part past its last is then the first of the next."""
    msn, after = blocked.directives.msn, blocked.after
    closed = after is not None and msn is not None and after.next_msn > msn
    return blocked.form is Form.FAR_PART and closed and blocked.took < SLACK


@rule("draft 6.2.5.2")
def what_is_there_is_answered_at_once(blocked: Blocked) -> Iterator[str]:
    """A segment that is listed, or that has left the list, gets the current playlist at once."""
    if blocked.form in AT_ONCE and (not blocked.response.ok or blocked.took > blocked.before.target + SLACK):
        yield blocked.told


@rule("draft 6.2.5.2")
def blocking_reload_is_answered(blocked: Blocked) -> Iterator[str]:
    """The next part, the next segment, and a part past the last of its segment are held, and then answered."""
    waited = (Form.NEXT_PART, Form.NEXT_SEGMENT, Form.PAST_ITS_LAST_PART)
    if blocked.form in waited and not blocked.response.ok and blocked.response.status != 503:
        yield blocked.told


@rule("draft 6.2.5.2")
def answer_holds_what_was_asked_for(blocked: Blocked) -> Iterator[str]:
    """A blocking reload is not answered before the playlist has what was asked for."""
    after = blocked.after
    expected = blocked.form not in (Form.PART_ALONE, Form.FAR_SEGMENT, Form.FAR_PART, Form.ENDED)
    if expected and after is not None and not after.ended and not holds(after, blocked.directives):
        msn, part = after.last
        yield f"{blocked.told}; the newest is segment {msn}" + ("" if part is None else f", part {part}")


@rule("draft 6.2.5.2", Severity.WARNING)
def nothing_is_held_too_long(blocked: Blocked) -> Iterator[str]:
    """A request that was held for three target durations gets status 503."""
    late = blocked.took > 3 * blocked.before.target + SLACK
    if late and blocked.response.status != 503:
        yield blocked.told


@rule("draft 6.2.1")
def playlist_can_be_had(blocked: Blocked) -> Iterator[str]:
    """A live playlist goes on, and a blocking reload of it is not answered by 503 after three target durations."""
    if blocked.form is Form.NEXT_PART and blocked.response.status == 503:
        yield blocked.told


RULES = (
    part_without_segment_is_refused,
    what_is_far_ahead_is_refused,
    what_is_there_is_answered_at_once,
    blocking_reload_is_answered,
    answer_holds_what_was_asked_for,
    nothing_is_held_too_long,
    playlist_can_be_had,
)
