"""Sequence numbers of 16 bits as numbers that only grow."""


class Unwrapper:
    """The true number of each packet, by serial arithmetic from the newest (RFC 3550 appendix A.1).

    It begins a whole cycle up, so that packets older than the first one still have positive numbers.
    """

    def __init__(self) -> None:
        self.highest: int | None = None

    def place(self, sequence: int) -> int:
        """The true number; the newest one is remembered."""
        if self.highest is None:
            self.highest = 0x10000 + sequence
            return self.highest
        placed = self.highest + ((sequence - self.highest + 0x8000) & 0xFFFF) - 0x8000
        self.highest = max(self.highest, placed)
        return placed
