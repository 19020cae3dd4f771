from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.check.media.fragment import MOST_SAMPLES, MOST_SCHEME, read_media
from vitrine.check.media.init import read_init
from vitrine.media.errors import MalformedError
from vitrine.packager.cmaf.box import box, full_box
from vitrine.packager.cmaf.emsg import Emsg
from vitrine.packager.cmaf.fragment import Fragment, Sample


def test_what_ffmpeg_wrote(head_and_media: tuple[bytes, bytes]) -> None:
    init = read_init(head_and_media[0])
    media = read_media(head_and_media[1], init)
    pictures, sound = ([each for each in media.fragments if each.track == track.id] for track in init.tracks)
    assert media.kind == "mp4"
    assert [each.starts_sync for each in pictures] == [True, True]
    assert all(each.has_sync for each in pictures)
    assert [each.samples for each in pictures] == [25, 25]
    assert pictures[1].decode_time == pictures[0].end
    assert Fraction(sum(each.duration for each in pictures), init.tracks[0].timescale) == 2
    assert sum(each.samples for each in sound) == 2 * 48_000 // 1024 + 1  # and one of priming
    assert [each.sequence for each in media.fragments] == sorted(each.sequence for each in media.fragments)


KEY, NEXT = Sample(b"key", 3000, 0, True), Sample(b"p", 3000, 0, False)
EVENT = Emsg(90_000, 181_000, 5, b"ID3")


def test_a_fragment_with_its_events() -> None:
    media = read_media(Fragment(3, 180_000, (KEY, NEXT)).encode([EVENT.encode()]), None)
    (fragment,) = media.fragments
    assert (fragment.sequence, fragment.track, fragment.decode_time, fragment.duration) == (3, 1, 180_000, 6000)
    assert (fragment.samples, fragment.starts_sync, fragment.longest, fragment.end) == (2, True, 3000, 186_000)
    (event,) = media.events
    assert (event.scheme, event.version, event.time, event.id) == (EVENT.scheme, 1, 181_000, 5)
    assert media.events_after == 0
    assert media.size == len(Fragment(3, 180_000, (KEY, NEXT)).encode([EVENT.encode()]))


def test_frames_that_are_shown_in_another_order() -> None:
    samples = (Sample(b"a", 10, 5, False), Sample(b"b", 10, -15, False), Sample(b"c", 20, 0, False))
    (fragment,) = read_media(Fragment(1, 100, samples).encode(), None).fragments
    assert (fragment.first_pts, fragment.starts_sync, fragment.longest) == (95, False, 20)
    assert not fragment.has_sync


def test_equal_events_have_equal_digests() -> None:
    one, same, other = (
        read_media(Fragment(1, 0, (KEY,)).encode([Emsg(90_000, 0, 5, data).encode()]), None).events[0].digest
        for data in (b"a", b"a", b"b")
    )
    assert one == same != other


def test_an_event_that_comes_too_late_and_one_of_version_0() -> None:
    old = full_box(b"emsg", 0, 0, b"urn:x\0v\0", (1000).to_bytes(4, "big"), bytes(8), (9).to_bytes(4, "big"), b"data")
    media = read_media(Fragment(1, 0, (KEY,)).encode() + old, None)
    assert media.events_after == 1
    (event,) = media.events
    assert (event.scheme, event.version, event.time, event.timescale, event.id) == ("urn:x", 0, None, 1000, 9)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x47" + bytes(187) + b"\x47" + bytes(187), "ts"),
        (b"\xef\xbb\xbfWEBVTT\n", "text"),
        (b"ID3\x04\0\0\0\0\0\0", "sound"),
        (b"\xff\xf1\x50\x80", "sound"),
        (b"\1\2\3\4\5\6\7\x08", "unknown"),
        (b"", "unknown"),
    ],
)
def test_what_is_not_looked_into(data: bytes, kind: str) -> None:
    media = read_media(data, None)
    assert (media.kind, media.size, media.fragments, media.events) == (kind, len(data), (), ())


TFHD = full_box(b"tfhd", 0, 0, (1).to_bytes(4, "big"))
TFDT = full_box(b"tfdt", 0, 0, bytes(4))


@pytest.mark.parametrize(
    ("traf", "says"),
    [
        (TFDT, "no tfhd"),
        (TFHD, "no tfdt"),
        (TFHD + TFDT + full_box(b"trun", 0, 0, (MOST_SAMPLES + 1).to_bytes(4, "big")), "at most"),
        (TFHD + TFDT + full_box(b"trun", 0, 0x100, (2).to_bytes(4, "big"), bytes(4)), "cut short"),
    ],
)
def test_what_cannot_be_read(traf: bytes, says: str) -> None:
    with pytest.raises(MalformedError, match=says):
        read_media(box(b"moof", box(b"traf", traf)), None)


def test_a_scheme_without_an_end_is_bounded() -> None:
    endless = full_box(b"emsg", 1, 0, bytes(20), b"x" * 4 * MOST_SCHEME + b"\0\0")
    assert len(read_media(endless, None).events[0].scheme) == MOST_SCHEME


@given(st.data())
def test_broken_bytes_are_read_or_refused(data: st.DataObject) -> None:
    whole = bytearray(Fragment(3, 180_000, (KEY, NEXT)).encode([EVENT.encode()]))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with suppress(MalformedError):
        read_media(bytes(whole), None)
