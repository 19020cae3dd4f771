"""Readers for bytes and bits that fail once, in words, and never read past their end."""

from vitrine.media.errors import MalformedError


class ByteReader:
    """Big-endian fields of a byte string, front to back. `what` names the thing in error messages."""

    __slots__ = ("_data", "_position", "_what")

    def __init__(self, data: bytes, what: str) -> None:
        self._data = data
        self._position = 0
        self._what = what

    @property
    def remaining(self) -> int:
        return len(self._data) - self._position

    def take(self, count: int) -> bytes:
        end = self._position + count
        if end > len(self._data):
            raise MalformedError(f"{self._what} is cut short: {end} bytes wanted, {len(self._data)} there")
        taken = self._data[self._position : end]
        self._position = end
        return taken

    def rest(self) -> bytes:
        return self.take(self.remaining)

    def unsigned(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def signed(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big", signed=True)

    def u8(self) -> int:
        return self.unsigned(1)

    def u16(self) -> int:
        return self.unsigned(2)

    def u24(self) -> int:
        return self.unsigned(3)

    def u32(self) -> int:
        return self.unsigned(4)

    def u64(self) -> int:
        return self.unsigned(8)


MAX_EXP_GOLOMB_ZEROS = 32
"""ITU-T H.264 section 9.1: no syntax element is longer than 32 bits."""


class BitReader:
    """Bits of a byte string, most significant first (ITU-T H.264 section 7.2)."""

    __slots__ = ("_left", "_value", "_what")

    def __init__(self, data: bytes, what: str) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)
        self._what = what

    @property
    def remaining(self) -> int:
        return self._left

    def bits(self, count: int) -> int:
        if count > self._left:
            raise MalformedError(f"{self._what} is cut short: {count} more bits wanted, {self._left} there")
        self._left -= count
        return (self._value >> self._left) & ((1 << count) - 1)

    def flag(self) -> bool:
        return bool(self.bits(1))

    def ue(self) -> int:
        """Unsigned Exp-Golomb (H.264 section 9.1)."""
        zeros = 0
        while not self.flag():
            zeros += 1
            if zeros > MAX_EXP_GOLOMB_ZEROS:
                raise MalformedError(f"{self._what} holds a number of more than {MAX_EXP_GOLOMB_ZEROS} bits")
        return (1 << zeros) - 1 + self.bits(zeros)

    def se(self) -> int:
        """Signed Exp-Golomb (H.264 section 9.1.1)."""
        code = self.ue()
        return (code + 1) // 2 if code % 2 else -(code // 2)
