import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.media.bits import MAX_EXP_GOLOMB_ZEROS, BitReader, ByteReader
from vitrine.media.errors import MalformedError

EXP_GOLOMB = [("1", 0, 0), ("010", 1, 1), ("011", 2, -1), ("00100", 3, 2), ("00101", 4, -2), ("0001000", 7, 4)]
"""ITU-T H.264 tables 9-2 and 9-3: bits, ue(v), se(v)."""


def from_bits(bits: str) -> bytes:
    return int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")


def exp_golomb(value: int) -> str:
    return "0" * ((value + 1).bit_length() - 1) + f"{value + 1:b}"


def test_fields_are_big_endian() -> None:
    reader = ByteReader(bytes(range(1, 20)), "thing")
    assert (reader.u8(), reader.u16(), reader.u24(), reader.u32()) == (0x01, 0x0203, 0x040506, 0x0708090A)
    assert reader.u64() == 0x0B0C0D0E0F101112
    assert reader.remaining == 1
    assert reader.rest() == b"\x13"
    assert reader.remaining == 0


def test_signed_fields() -> None:
    assert ByteReader(b"\xff\xfe", "thing").signed(2) == -2


def test_reading_past_the_end_names_the_thing() -> None:
    reader = ByteReader(b"\x00\x00", "avcC record")
    with pytest.raises(MalformedError, match="avcC record is cut short: 4 bytes wanted, 2 there"):
        reader.u32()


@given(st.binary(max_size=40), st.lists(st.integers(0, 12), max_size=8))
def test_takes_are_pieces_of_the_whole(data: bytes, counts: list[int]) -> None:
    reader, taken = ByteReader(data, "thing"), b""
    for count in counts:
        if count <= reader.remaining:
            taken += reader.take(count)
        else:
            with pytest.raises(MalformedError):
                reader.take(count)
    assert taken + reader.rest() == data


@given(st.binary(min_size=1, max_size=20), st.lists(st.integers(0, 24), max_size=8))
def test_bits_are_pieces_of_the_whole(data: bytes, counts: list[int]) -> None:
    reader, text = BitReader(data, "thing"), "".join(f"{byte:08b}" for byte in data)
    for count in counts:
        if count > reader.remaining:
            with pytest.raises(MalformedError, match="more bits wanted"):
                reader.bits(count)
            continue
        taken, text = text[:count], text[count:]
        assert reader.bits(count) == int(taken or "0", 2)
        assert reader.remaining == len(text)


@pytest.mark.parametrize(("bits", "unsigned", "signed"), EXP_GOLOMB)
def test_exp_golomb(bits: str, unsigned: int, signed: int) -> None:
    assert BitReader(from_bits(bits), "thing").ue() == unsigned
    assert BitReader(from_bits(bits), "thing").se() == signed


@given(st.lists(st.integers(0, 2**32 - 2), min_size=1, max_size=10))
def test_exp_golomb_after_exp_golomb(values: list[int]) -> None:
    reader = BitReader(from_bits("".join(map(exp_golomb, values))), "thing")
    assert [reader.ue() for _ in values] == values


def test_exp_golomb_is_bounded() -> None:
    with pytest.raises(MalformedError, match="more than 32 bits"):
        BitReader(bytes(20), "SPS").ue()
    with pytest.raises(MalformedError, match="cut short"):
        BitReader(b"\x00", "SPS").ue()
    longest = "0" * MAX_EXP_GOLOMB_ZEROS + "1" + "0" * MAX_EXP_GOLOMB_ZEROS
    assert BitReader(from_bits(longest), "SPS").ue() == 2**32 - 1
