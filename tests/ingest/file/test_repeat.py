from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.ingest.file.repeat import MAX_HELD, Repeater, repeat
from vitrine.media.access_unit import AccessUnit
from vitrine.media.track import AudioTrack, Codec, VideoTrack

VIDEO = VideoTrack(1, Codec.H264, 90000, b"")
AUDIO = AudioTrack(2, Codec.AAC, 48000, b"", 48000, 2)
AAC_FRAME = 1024


def recording(frames: int, duration: int, first_sound: int, sounds: int) -> list[AccessUnit]:
    """Pictures every `duration` ticks from 0, and AAC frames from `first_sound` samples on, in decode order."""
    units = [AccessUnit(1, n * duration, n * duration, n == 0, b"v%d" % n) for n in range(frames)]
    for number in range(sounds):
        at = first_sound + number * AAC_FRAME
        units.append(AccessUnit(2, at, at, keyframe=True, data=b"a%d" % number))
    return sorted(units, key=lambda unit: Fraction(unit.dts, 90000 if unit.track_id == 1 else 48000))


def stamps(units: list[AccessUnit], track_id: int) -> list[int]:
    return [unit.pts for unit in units if unit.track_id == track_id]


def steps(units: list[AccessUnit], track_id: int) -> set[int]:
    return {after - before for before, after in pairwise(stamps(units, track_id))}


def test_once_is_as_recorded() -> None:
    units = recording(50, 3600, -AAC_FRAME, 94)
    assert list(repeat([units], [VIDEO, AUDIO])) == units


@pytest.mark.parametrize(("frames", "duration"), [(50, 3600), (60, 3003), (1, 3600), (2, 3600)])
def test_frame_follows_frame(frames: int, duration: int) -> None:
    units = recording(frames, duration, 0, 0)
    played = list(repeat([units] * 3, [VIDEO]))
    if frames > 1:
        assert stamps(played, 1) == [number * duration for number in range(3 * frames)]
    assert [unit.data for unit in played] == [unit.data for unit in units] * 3


@pytest.mark.parametrize("first", [-2112, -1024, 0, 700, 1900])
@pytest.mark.parametrize("sounds", [92, 93, 94, 95, 96, 99, 140])
def test_sound_joins_without_a_break(first: int, sounds: int) -> None:
    """2 s of pictures are 93.75 AAC frames: each seam is moved, none is heard, and no error adds up."""
    units = recording(50, 3600, first, sounds)
    played = list(repeat([units] * 8, [VIDEO, AUDIO]))
    assert steps(played, 1) == {3600}
    lacking = max(0, 96000 - sounds * AAC_FRAME)
    assert max(steps(played, 2)) <= AAC_FRAME + lacking + AAC_FRAME // 2
    assert min(steps(played, 2)) == AAC_FRAME
    assert lacking or steps(played, 2) == {AAC_FRAME}
    assert max(out_of_sync(played, first)) <= AAC_FRAME // 2 + 1


def out_of_sync(played: list[AccessUnit], first: int) -> list[int]:
    """How many samples each sound lies away from its place beside the pictures of its turn, of 96000 samples each."""
    turns, last, away = 0, -1, []
    for unit in played:
        if unit.track_id == 2:
            number = int(unit.data[1:])
            turns += number < last
            last = number
            away.append(abs(unit.pts - first - number * AAC_FRAME - turns * 96000))
    return away


def test_a_gap_of_the_recording_stays() -> None:
    units = recording(50, 3600, 0, 40)
    starts = [unit.pts for unit in repeat([units] * 3, [VIDEO, AUDIO]) if unit.data == b"a0"]
    assert starts == [0, 96000, 192000]


def test_sound_alone_repeats_after_its_last_frame() -> None:
    units = recording(0, 1, 0, 50)
    played = list(repeat([units] * 3, [AUDIO]))
    assert stamps(played, 2) == [number * AAC_FRAME for number in range(150)]


def test_sound_that_goes_on_long_after_the_pictures_is_played_out() -> None:
    sounds = MAX_HELD + 200
    units = recording(25, 3600, 0, sounds)
    played = list(repeat([units] * 2, [VIDEO, AUDIO]))
    assert stamps(played, 2) == [number * AAC_FRAME for number in range(2 * sounds)]
    assert stamps(played, 1)[25] == pytest.approx(sounds * AAC_FRAME * 90000 / 48000, abs=1)


def test_reordered_pictures_keep_their_delay() -> None:
    order = [0, 3, 1, 2, 4]
    units = [AccessUnit(1, 3600 * (n - 1), 3600 * shown, n == 0, b"") for n, shown in enumerate(order)]
    played = list(repeat([units] * 2, [VIDEO]))
    assert sorted(stamps(played, 1)) == [3600 * number for number in range(10)]
    assert [unit.dts for unit in played] == [3600 * (number - 1) for number in range(10)]


def test_turns_are_taken_as_they_are_needed() -> None:
    taken = []

    def turns() -> Iterator[list[AccessUnit]]:
        for number in range(1000):
            taken.append(number)
            yield recording(10, 3600, 0, 18)

    played = repeat(turns(), [VIDEO, AUDIO])
    for _ in range(100):
        next(played)
    assert len(taken) < 8


def test_nothing_repeated_is_nothing() -> None:
    repeater = Repeater([VIDEO, AUDIO])
    assert repeater.flush() == []
    assert list(repeat([[], []], [VIDEO])) == []


@given(
    st.integers(2, 40),
    st.sampled_from([1500, 1502, 3000, 3003, 3600, 3750]),
    st.integers(-2112, 3000),
    st.integers(0, 70),
)
def test_stamps_never_step_back(frames: int, duration: int, first: int, sounds: int) -> None:
    units = recording(frames, duration, first, sounds)
    played = list(repeat([units] * 4, [VIDEO, AUDIO]))
    assert steps(played, 1) == {duration}
    assert all(step >= AAC_FRAME for step in steps(played, 2))
    times = [Fraction(unit.dts, 90000 if unit.track_id == 1 else 48000) for unit in played]
    assert times == sorted(times)
