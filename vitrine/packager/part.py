"""A part, and the names of everything a viewer fetches.

Names are unique for ever: the broadcast's id leads each, so that caches never serve yesterday's show.
They are relative to the rendition's own directory.
"""

from dataclasses import dataclass
from fractions import Fraction


def init_name(broadcast: str) -> str:
    return f"{broadcast}.init.mp4"


def segment_name(broadcast: str, msn: int) -> str:
    return f"{broadcast}.{msn}.m4s"


def part_name(broadcast: str, msn: int, index: int) -> str:
    return f"{broadcast}.{msn}.{index}.m4s"


PRODUCTS = "products"
"""The name of the rendition that tells the products as text; no other may have it."""


def text_name(broadcast: str, msn: int) -> str:
    return f"{broadcast}.{msn}.vtt"


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A partial segment: one fragment, as it is served. Ticks are of `timescale`.

    `utc_ns` is the wall clock of its first frame. `independent`: a keyframe is in it (draft-22 section 4.4.4.9).
    A part without data is a gap: its time has come, and no picture was made.
    """

    name: str
    msn: int
    index: int
    first_tick: int
    ticks: int
    timescale: int
    utc_ns: int
    independent: bool
    data: bytes

    @property
    def gap(self) -> bool:
        return not self.data

    @property
    def duration(self) -> Fraction:
        """Exact seconds."""
        return Fraction(self.ticks, self.timescale)
