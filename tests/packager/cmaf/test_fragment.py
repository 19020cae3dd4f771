import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.media.errors import MalformedError
from vitrine.packager.cmaf.box import box, full_box
from vitrine.packager.cmaf.fragment import Fragment, Sample

FRAGMENTS = [
    (
        "a keyframe, then pictures that depend on it",
        Fragment(7, 180180, (Sample(b"KEY", 3003, 0, True), Sample(b"pi", 3003, 0, False))),
        "0000006c 6d6f6f66 00000010 6d666864 00000000 00000007"
        "00000054 74726166 00000018 74666864 00020028 00000001 00000bbb 01010000"
        "00000014 74666474 01000000 000000000002bfd4"
        "00000020 7472756e 01000205 00000002 00000074 02000000 00000003 00000002"
        "0000000d 6d646174 4b4559 7069",
    ),
    (
        "audio: every sample alike",
        Fragment(1, 0, (Sample(b"aa", 1024, 0, True), Sample(b"b", 1024, 0, True))),
        "00000068 6d6f6f66 00000010 6d666864 00000000 00000001"
        "00000050 74726166 00000018 74666864 00020028 00000001 00000400 02000000"
        "00000014 74666474 01000000 0000000000000000"
        "0000001c 7472756e 01000201 00000002 00000070 00000002 00000001"
        "0000000b 6d646174 6161 62",
    ),
    (
        "every column: durations, flags, and offsets on both sides of 0",
        Fragment(2, 5, (Sample(b"a", 1, 0, False), Sample(b"b", 2, 3, True), Sample(b"", 1, -2, False))),
        "00000090 6d6f6f66 00000010 6d666864 00000000 00000002"
        "00000078 74726166 00000018 74666864 00020028 00000001 00000001 01010000"
        "00000014 74666474 01000000 0000000000000005"
        "00000044 7472756e 01000f01 00000003 00000098"
        "00000001 00000001 01010000 00000000"
        "00000002 00000001 02000000 00000003"
        "00000001 00000000 01010000 fffffffe"
        "0000000a 6d646174 61 62",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("fragment", "written"), [row[1:] for row in FRAGMENTS], ids=[row[0] for row in FRAGMENTS])
def test_fragment_is_written_and_read(fragment: Fragment, written: str) -> None:
    assert fragment.encode() == bytes.fromhex(written)
    assert Fragment.decode(bytes.fromhex(written)) == fragment


def test_boxes_stand_before_the_fragment() -> None:
    fragment = FRAGMENTS[0][1]
    data = fragment.encode(before=(box(b"prft", b"1"), box(b"emsg", b"2")))
    assert data == box(b"prft", b"1") + box(b"emsg", b"2") + fragment.encode()
    assert Fragment.decode(data + box(b"free", b"after")) == fragment


samples = st.builds(
    Sample,
    data=st.binary(max_size=5),
    duration=st.integers(0, 2**32 - 1),
    offset=st.integers(-(2**31), 2**31 - 1),
    keyframe=st.booleans(),
)


@given(
    st.builds(
        Fragment,
        sequence=st.integers(0, 2**32 - 1),
        first_tick=st.integers(0, 2**64 - 1),
        samples=st.lists(samples, min_size=1, max_size=8).map(tuple),
    )
)
def test_every_fragment_survives(fragment: Fragment) -> None:
    assert Fragment.decode(fragment.encode()) == fragment


def moof(tfhd: bytes, trun: bytes, *, data: bytes = b"", tfdt: bytes | None = None) -> bytes:
    tfdt = full_box(b"tfdt", 0, 0, bytes(4)) if tfdt is None else tfdt
    return box(b"moof", full_box(b"mfhd", 0, 0, bytes(4)), box(b"traf", tfhd, tfdt, trun)) + box(b"mdat", data)


def numbers(*values: int) -> bytes:
    return b"".join(value.to_bytes(4, "big") for value in values)


def test_the_older_forms_of_others_are_read() -> None:
    """tfdt of 32 bits, unsigned offsets, sample size in the tfhd, a description index."""
    tfhd = full_box(b"tfhd", 0, 0x2003A, numbers(1, 1, 40, 2, 0x02000000))
    trun = full_box(b"trun", 0, 0x801, numbers(1, 112, 0xFFFFFFFF))
    data = moof(tfhd, trun, data=b"ok", tfdt=full_box(b"tfdt", 0, 0, numbers(9)))
    assert Fragment.decode(data) == Fragment(0, 9, (Sample(b"ok", 40, 0xFFFFFFFF, True),))


TFHD = full_box(b"tfhd", 0, 0x20028, numbers(1, 1, 0))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "'moof' is missing"),
        (box(b"moof", full_box(b"mfhd", 0, 0, numbers(1))), "'traf' is missing"),
        (moof(full_box(b"tfhd", 0, 0x1, numbers(1, 0, 0)), b""), "positions in the file"),
        (moof(TFHD, full_box(b"trun", 1, 0x201, numbers(10_001, 0))), "10001 samples"),
        (moof(TFHD, full_box(b"trun", 1, 0x201, numbers(1, 0))), "cut short"),
        (moof(TFHD, full_box(b"trun", 1, 0x201, numbers(1, 0, 1000))), "cut short"),
        (moof(TFHD, full_box(b"trun", 1, 0x201, numbers(1, 0xFFFFFFFF, 1))), "before its own start"),
        (moof(TFHD, full_box(b"trun", 1, 0x1, numbers(1, 0))), "to the init segment"),
        (moof(full_box(b"tfhd", 0, 0, numbers(1)), full_box(b"trun", 1, 0x201, numbers(1, 0, 0))), "to the init"),
    ],
)
def test_a_broken_fragment_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(MalformedError, match=message):
        Fragment.decode(data)


@given(st.data())
def test_a_damaged_fragment_is_read_or_refused(data: st.DataObject) -> None:
    written = bytearray(FRAGMENTS[2][1].encode())
    for _ in range(data.draw(st.integers(1, 4))):
        written[data.draw(st.integers(0, len(written) - 1))] = data.draw(st.integers(0, 255))
    try:
        fragment = Fragment.decode(bytes(written))
    except MalformedError:
        return
    if fragment.samples:
        assert Fragment.decode(fragment.encode()) == fragment
