"""What has been published of cues as date ranges, one line for each change, so that it can be gone on with.

A server that comes back must not say anything else under an ID that players know. What a crash leaves is whole lines
and at most one that is torn, which is cut off: the range is then published as it was before, and completed again.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from vitrine.media.cue import Cue
from vitrine.media.errors import MalformedError


@dataclass(frozen=True, slots=True)
class Published:
    """A range as it stands in playlists: of which cue, as that was then, and up to which frame, None while it is open.

    `changed` is the edge (utc_ns) at which that last changed.
    """

    id: str
    cue: Cue
    end: int | None
    withdrawn: bool
    changed: int

    def encode(self) -> str:
        """One line of JSON, with its end."""
        cue = self.cue
        members = [self.id, cue.id, cue.product, cue.slot, cue.start, self.end, self.withdrawn, self.changed]
        return json.dumps(members, ensure_ascii=False, separators=(",", ":")) + "\n"

    @classmethod
    def decode(cls, line: bytes) -> "Published":
        """Raises MalformedError."""
        try:
            name, cue, product, slot, start, end, withdrawn, changed = json.loads(line)
        except (ValueError, TypeError, RecursionError) as error:
            raise MalformedError(f"A published range is malformed: {error}") from error
        texts, numbers = (name, cue, product), (slot, start, changed, 0 if end is None else end)
        if not all(isinstance(each, str) for each in texts) or not all(type(each) is int for each in numbers):
            raise MalformedError("A published range has members of other types")
        return cls(name, Cue(cue, product, slot, start), end, bool(withdrawn), changed)


def read_published(data: bytes) -> tuple[list[Published], int]:
    """Each range as it was written last, in the order in which they were first published; and how many bytes these
    whole lines are.

    What follows a line that cannot be read is not read.
    """
    found: dict[str, Published] = {}
    size = 0
    for line in _whole_lines(data):
        try:
            published = Published.decode(line)
        except MalformedError:
            break
        found[published.id] = published
        size += len(line) + 1
    return list(found.values()), size


def _whole_lines(data: bytes) -> Iterable[bytes]:
    return data.split(b"\n")[:-1]
