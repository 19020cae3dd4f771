"""Whether what is asked for comes, and can be read."""

from collections.abc import Iterator
from dataclasses import dataclass

from vitrine.check.finding import Rule, Severity, rule
from vitrine.check.seen import Response, seconds_text


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer, and what it is of in words. `trouble` says why it could not be read. `part_target` in seconds."""

    what: str
    response: Response
    trouble: str = ""
    part_target: float = 0.0


Of = Rule[Fetched]


@rule("draft 6.2.1")
def playlists_can_be_had(fetched: Fetched) -> Iterator[str]:
    """A media playlist that is named can be fetched."""
    if not fetched.response.ok:
        yield f"{fetched.what}: {fetched.response.told}"


@rule("draft 4.1")
def playlists_can_be_read(fetched: Fetched) -> Iterator[str]:
    """What is named as a playlist is one, and a delta update goes with the playlist before it."""
    if fetched.trouble:
        yield f"{fetched.what}: {fetched.trouble}"


@rule("draft 3.1")
def media_can_be_read(fetched: Fetched) -> Iterator[str]:
    """Segments, parts and initialisation sections are what their format says."""
    if fetched.trouble:
        yield f"{fetched.what}: {fetched.trouble}"


@rule("draft 6.2.2")
def removed_segments_stay_a_while(fetched: Fetched) -> Iterator[str]:
    """A segment that has just left the playlist can still be fetched: players are on their way to it."""
    if not fetched.response.ok:
        yield f"{fetched.what}: {fetched.response.told}"


@rule("draft 6.2.6")
def hinted_parts_can_be_had(fetched: Fetched) -> Iterator[str]:
    """What EXT-X-PRELOAD-HINT names can be asked for before it is there: the server holds the request."""
    if not fetched.response.ok:
        yield f"{fetched.what}: {fetched.response.told}"


@rule("draft 6.2.6", Severity.WARNING)
def hints_that_expire_are_not_found(fetched: Fetched) -> Iterator[str]:
    """A part that was hinted at and will not come is answered 404: a client that waits for it goes on at once."""
    if not fetched.response.ok and fetched.response.status != 404:
        yield f"{fetched.what}: {fetched.response.told}"


@rule("draft 6.2.6", Severity.WARNING)
def hinted_parts_come_at_once(fetched: Fetched) -> Iterator[str]:
    """No byte of a hinted part comes before all of it can: a slow beginning spoils the measure of the line."""
    took = fetched.response.done - fetched.response.began
    if fetched.response.ok and fetched.part_target and took > fetched.part_target / 2:
        yield f"{fetched.what}: {seconds_text(took)} from the first byte to the last"
