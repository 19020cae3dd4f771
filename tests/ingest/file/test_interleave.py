from hypothesis import given
from hypothesis import strategies as st

from vitrine.ingest.file.interleave import MAX_WAITING, Interleaver
from vitrine.media.access_unit import AccessUnit
from vitrine.media.track import AudioTrack, Codec, VideoTrack

VIDEO = VideoTrack(1, Codec.H264, 25, b"")
AUDIO = AudioTrack(2, Codec.AAC, 1000, b"", 48000, 2)


def unit(track_id: int, dts: int) -> AccessUnit:
    return AccessUnit(track_id, dts, dts, keyframe=True, data=b"")


def test_the_earlier_of_two_tracks_goes_first() -> None:
    merger = Interleaver([VIDEO, AUDIO])
    assert merger.push(unit(1, 0)) == []
    assert merger.push(unit(1, 1)) == []
    assert merger.push(unit(2, -5)) == [unit(2, -5)]
    assert merger.push(unit(2, 40)) == [unit(1, 0), unit(1, 1)]
    assert merger.flush() == [unit(2, 40)]
    assert merger.flush() == []


def test_a_single_track_passes_at_once() -> None:
    merger = Interleaver([AUDIO])
    assert merger.push(unit(2, 3)) == [unit(2, 3)]


def test_a_track_that_has_ended_is_not_waited_for() -> None:
    merger = Interleaver([VIDEO, AUDIO])
    held = [each for number in range(MAX_WAITING) for each in merger.push(unit(2, number))]
    assert held == []
    assert merger.push(unit(2, MAX_WAITING)) == [unit(2, 0)]
    assert len(merger.flush()) == MAX_WAITING


@given(
    st.lists(st.integers(-100, 1000), max_size=40).map(sorted),
    st.lists(st.integers(-4000, 40000), max_size=40).map(sorted),
    st.lists(st.booleans(), min_size=80, max_size=80),
)
def test_any_order_of_storing_gives_the_order_of_decoding(
    video: list[int], audio: list[int], video_first: list[bool]
) -> None:
    merger = Interleaver([VIDEO, AUDIO])
    pictures, sounds = [unit(1, dts) for dts in video], [unit(2, dts) for dts in audio]
    left = [pictures[:], sounds[:]]
    merged = []
    for first in video_first[: len(video) + len(audio)]:
        queue = left[0] if left[0] and (first or not left[1]) else left[1]
        merged += merger.push(queue.pop(0))
    merged += merger.flush()
    times = [each.dts * (40 if each.track_id == 1 else 1) for each in merged]
    assert times == sorted(times)
    assert [each for each in merged if each.track_id == 1] == pictures
    assert [each for each in merged if each.track_id == 2] == sounds
