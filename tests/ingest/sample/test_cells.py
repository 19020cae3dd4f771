from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrine.ingest.sample.cells import (
    COUNT,
    MAX_VALUE,
    VALUE_BITS,
    Luma,
    band_height,
    crc8,
    decode,
    edges,
    encode,
    paint,
    read,
)
from vitrine.media.errors import MisuseError

CHECKSUMS = [("0000000000", 0x39), ("0000000001", 0x3E), ("123456789a", 0xA2), ("ffffffffff", 0xDE)]
"""Value, CRC-8 with polynomial 0x07 and start value 0xFF; worked out by long division."""

SIZES = [(1280, 720), (640, 360), (320, 180), (720, 1280), (1920, 1080), (854, 480), (96, 96), (98, 1000)]

values = st.integers(0, MAX_VALUE)


def picture(width: int, height: int) -> Luma:
    return np.full((height, width), 120, np.uint8)


@pytest.mark.parametrize(("value", "check"), CHECKSUMS)
def test_checksum(value: str, check: int) -> None:
    assert crc8(bytes.fromhex(value)) == check


def test_cells_are_the_value_then_its_checksum() -> None:
    cells = encode(0x123456789A)
    assert "".join(str(int(cell)) for cell in cells) == f"{0x123456789A:040b}{crc8(bytes.fromhex('123456789a')):08b}"


@given(values)
def test_round_trip(value: int) -> None:
    assert decode(encode(value)) == value


@given(values, st.integers(0, COUNT - 1))
def test_any_single_flipped_cell_is_found(value: int, flipped: int) -> None:
    cells = list(encode(value))
    cells[flipped] = not cells[flipped]
    assert decode(cells) is None


@given(values, st.integers(0, COUNT - 8), st.integers(1, 255))
def test_any_burst_within_eight_cells_is_found(value: int, start: int, pattern: int) -> None:
    cells = list(encode(value))
    for offset in range(8):
        if pattern >> offset & 1:
            cells[start + offset] = not cells[start + offset]
    assert decode(cells) is None


@pytest.mark.parametrize("cells", [[False] * COUNT, [True] * COUNT])
def test_a_plain_picture_is_no_number(cells: list[bool]) -> None:
    assert decode(cells) is None


@pytest.mark.parametrize("value", [-1, MAX_VALUE + 1])
def test_values_that_do_not_fit(value: int) -> None:
    with pytest.raises(MisuseError, match="Cells hold 0 to 1099511627775"):
        encode(value)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_painted_cells_are_read(width: int, height: int) -> None:
    luma = picture(width, height)
    for value in (0, 1, 0x5555555555, MAX_VALUE, 123456):
        paint(luma, value)
        assert read(luma) == value
    assert (luma[band_height(height) :] == 120).all()


@given(values, st.integers(110, 2000), st.integers(80, 1300))
def test_cells_survive_scaling(value: int, width: int, height: int) -> None:
    luma = picture(1280, 720)
    paint(luma, value)
    rows = (np.arange(height) * 720 // height).clip(0, 719)
    columns = (np.arange(width) * 1280 // width).clip(0, 1279)
    assert read(luma[rows][:, columns]) == value


@settings(max_examples=25)
@given(values, st.integers(0, 2**32 - 1))
def test_cells_survive_noise(value: int, seed: int) -> None:
    luma = picture(640, 180)
    paint(luma, value)
    noise = np.random.default_rng(seed).normal(0, 40, luma.shape)
    assert read(np.clip(luma + noise, 0, 255).astype(np.uint8)) == value


@pytest.mark.parametrize("level", [0, 16, 120, 235, 255])
def test_nothing_is_read_from_a_plain_picture(level: int) -> None:
    assert read(np.full((360, 640), level, np.uint8)) is None


def test_cells_part_the_width() -> None:
    for width in (96, 100, 1279, 1280):
        places = edges(width)
        assert (places[0], places[-1], len(places)) == (0, width, COUNT + 1)
        assert {after - before for before, after in pairwise(places)} <= {width // COUNT, width // COUNT + 1}


def test_a_value_has_forty_bits() -> None:
    assert VALUE_BITS == 40
    assert encode(1)[:VALUE_BITS] == (False,) * 39 + (True,)
