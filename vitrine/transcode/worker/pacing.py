"""Pictures with stamps of their own are laid on the constant grid. Pure."""

from fractions import Fraction

from vitrine.media.errors import UnsupportedError

MAX_GAP_SECONDS = 600
"""A longer hole is not a stall but a broken clock, and filling it would stop the show for minutes."""


class Pacer:
    """Decides which frame of the grid each picture becomes.

    A picture goes to the nearest free frame, and to the next one in turn even when that is up to 0.55 of a frame
    away: stamps rounded to milliseconds (RTMP) must not flip a picture between two frames.
    """

    def __init__(self, rate: Fraction, first_frame: int = 0) -> None:
        self._rate = rate
        self.next_frame = first_frame

    def place(self, pts: int, timescale: int) -> int | None:
        """The frame for a picture, at or after `next_frame`, or None if the picture is to be dropped.

        The frames before it that are still free are the caller's to fill. Raises UnsupportedError over a hole of more
        than MAX_GAP_SECONDS.
        """
        unit = timescale * self._rate.denominator
        ahead = pts * self._rate.numerator - self.next_frame * unit
        frame = self.next_frame if 20 * abs(ahead) <= 11 * unit else self.next_frame + (2 * ahead + unit) // (2 * unit)
        if frame < self.next_frame:
            return None
        self._check_gap(frame)
        self.next_frame = frame + 1
        return frame

    def reach(self, seconds: Fraction) -> range:
        """The free frames that start before a programme time; they are taken."""
        end = max(
            self.next_frame,
            -(-seconds.numerator * self._rate.numerator // (seconds.denominator * self._rate.denominator)),
        )
        frames = range(self.next_frame, end)
        self.next_frame = end
        return frames

    def _check_gap(self, frame: int) -> None:
        if frame - self.next_frame > MAX_GAP_SECONDS * self._rate:
            raise UnsupportedError(
                f"The picture's time jumps ahead by more than {MAX_GAP_SECONDS} s; restart the encoder"
            )
