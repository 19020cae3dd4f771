"""Source stamps become session time. Nothing else touches raw stamps.

A publisher's stamps wrap, step back a little, or jump by hours when its encoder restarts. Session time is
unwrapped and repaired: it starts at 0 with the first stamp, never runs backward on a track, keeps true gaps,
and goes on at the pace of arrival over a jump.
"""

JUMP_SECONDS = 10.0
"""A stamp further than this from where arrival says it should be is a new origin, not a gap or a burst.
Publishers that buffer through a bad network deliver up to some seconds late; encoders that restart jump by hours."""


class Timeline:
    """The clock of one session, all its tracks together, so that their offset to each other is kept."""

    def __init__(self, timescale: int, modulus: int) -> None:
        """Stamps count `timescale` ticks a second and wrap at `modulus`."""
        self._timescale = timescale
        self._modulus = modulus

    def place(self, track_id: int, stamp: int, now: float) -> int:
        """Session time of an access unit, in ticks. `stamp` is its raw decoding stamp, `now` monotonic seconds."""
        raise NotImplementedError
