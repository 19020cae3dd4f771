from vitrine.media.access_unit import AccessUnit
from vitrine.media.track import AudioTrack, Codec
from vitrine.server.transcoder import MOST_WAITING, MOST_WAITING_BYTES, Transcoder


def waiting(units: int, size: int) -> Transcoder:
    """A transcoder whose worker has not started, with so many units of so many bytes."""
    transcoder = Transcoder(lambda _event: None, dict[str, int])
    transcoder.add_track(AudioTrack(2, Codec.AAC, 1000, b"\x11\x90", 48000, 2))
    unit = AccessUnit(2, 0, 0, True, bytes(size))
    for _ in range(units):
        transcoder.push(unit)
    return transcoder


def test_what_waits_for_a_worker_is_bounded_by_number_and_by_size() -> None:
    assert not waiting(MOST_WAITING - 1, 1).overwhelmed
    assert waiting(MOST_WAITING, 1).overwhelmed
    assert not waiting(8, MOST_WAITING_BYTES // 8).overwhelmed
    assert waiting(9, MOST_WAITING_BYTES // 8).overwhelmed
