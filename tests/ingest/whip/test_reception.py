import itertools

import pytest

from tests.ingest.rtmp.wire import AVC_CONFIG
from tests.ingest.whip.network import FORMATS, RATE, VIDEO, Habits, Network, Studio
from tests.ingest.whip.rtp.rtp import IDR, PPS, SPS
from vitrine.ingest.whip.events import Measured
from vitrine.ingest.whip.reception import Format, Reception
from vitrine.ingest.whip.rtp.opus import opus_track
from vitrine.ingest.whip.rtp.packet import RtpPacket
from vitrine.media.access_unit import AccessUnit
from vitrine.media.h264 import AvcConfig
from vitrine.media.track import Codec, TrackAnnounced, VideoTrack


def measured(studio: Studio) -> Measured:
    return [event for _, event in studio.events if isinstance(event, Measured)][-1]


def test_tracks_are_announced_before_their_units() -> None:
    studio = Studio()
    studio.film(1)
    events = [event for _, event in studio.events]
    assert events[0] == TrackAnnounced(VideoTrack(1, Codec.H264, 90_000, b""))
    assert TrackAnnounced(opus_track(2)) in events
    described = events[1 + next(i for i, each in enumerate(events[1:]) if isinstance(each, TrackAnnounced))]
    assert isinstance(described, TrackAnnounced)
    first = next(each for each in events if isinstance(each, AccessUnit) and each.track_id == 1)
    announced = [each.track for each in events if isinstance(each, TrackAnnounced)]
    video = [track for track in announced if isinstance(track, VideoTrack)][-1]
    assert AvcConfig.decode(video.config) == AvcConfig((SPS,), (PPS,))
    assert (first.keyframe, first.pts) == (True, 0)


def test_every_unit_comes_once_in_time() -> None:
    studio = Studio()
    studio.film(10)
    pictures, sounds = studio.units(1), studio.units(2)
    assert [unit.pts for _, unit in pictures] == [3000 * each for each in range(len(pictures))]
    assert abs(len(pictures) - 10 * RATE) <= 1
    assert [later.pts - each.pts for (_, each), (_, later) in itertools.pairwise(sounds)] == [960] * (len(sounds) - 1)
    latest = max(at - studio.begin - unit.pts / 90_000 for at, unit in pictures)
    assert latest < 0.021


@pytest.mark.parametrize("habits", [Habits(), Habits(rtx=True), Habits(gop=2.0, answers_pli=False)])
@pytest.mark.parametrize("loss", [0.01, 0.05])
def test_a_lossy_network_is_repaired(habits: Habits, loss: float) -> None:
    """No picture is lost, so none stands still; and little is asked for twice."""
    studio = Studio(habits, Network(loss, delay=0.025, jitter=0.01))
    studio.film(20)
    stamps = [unit.pts for _, unit in studio.units(1)]
    assert len(stamps) > 19.5 * RATE
    assert {round((later - each) / 3000) for each, later in itertools.pairwise(stamps)} == {1}
    assert measured(studio).repaired > 0.7 * loss * studio.sent
    assert studio.resent < 1.5 * loss * studio.sent


def test_a_keyframe_of_400_kilobytes_arrives_whole() -> None:
    studio = Studio(Habits(keyframe=400_000), Network(0.05))
    studio.film(2)
    assert len(studio.units(1)[0][1].data) > 400_000


def test_a_picture_lost_for_good_is_a_freeze_until_a_keyframe_that_is_asked_for() -> None:
    studio = Studio(network=Network(delay=0.02))
    studio.film(2)
    studio.network.loss = 1.0
    studio.film(0.2)
    studio.network.loss = 0.0
    studio._history.clear()
    studio.film(3)
    assert measured(studio).lost > 0
    units = [unit for _, unit in studio.units(1)]
    gaps = [
        (later.pts - each.pts, later.keyframe)
        for each, later in itertools.pairwise(units)
        if later.pts - each.pts > 3000
    ]
    assert len(gaps) == 1
    assert gaps[0][1]
    assert gaps[0][0] < 1.6 * 90_000


def test_one_that_ignores_requests_is_waited_for() -> None:
    studio = Studio(Habits(gop=4.0, answers_pli=False), Network(delay=0.02))
    studio.film(4.5)
    studio.network.loss = 1.0
    studio.film(0.2)
    studio.network.loss = 0.0
    studio._history.clear()
    studio.film(4)
    assert studio.units(1)[-1][1].pts > 8.4 * 90_000
    assert measured(studio).keyframes_requested <= 2 * 4 + 2


def test_lost_sound_is_made_up() -> None:
    studio = Studio(network=Network(0.05))
    studio.film(20)
    stamps = [unit.pts for _, unit in studio.units(2)]
    assert {later - each for each, later in itertools.pairwise(stamps)} == {960}


def test_garbage_is_counted() -> None:
    reception = Reception(9, FORMATS, {}, 0.0)
    for data in (b"", b"\x80", bytes(40), b"\x80\xc8" + bytes(3), b"\x80\x60" + bytes(9), b"\x80" * 1400):
        reception.receive_data(data, 0.0)
    assert reception.malformed >= 3
    assert [type(event) for event in reception.events_received()] == [TrackAnnounced]


def picture(sequence: int, *payloads: bytes, ssrc: int = 1, timestamp: int = 0, kind: int = VIDEO) -> list[bytes]:
    return [
        RtpPacket(index == len(payloads) - 1, kind, sequence + index, timestamp, ssrc, payload).encode()
        for index, payload in enumerate(payloads)
    ]


def units(reception: Reception) -> list[AccessUnit]:
    return [event for event in reception.events_received() if isinstance(event, AccessUnit)]


def test_another_stream_takes_over_only_when_the_first_is_silent() -> None:
    reception = Reception(9, FORMATS, {}, 0.0)
    for data in picture(1, SPS, PPS, IDR):
        reception.receive_data(data, 0.0)
    for data in picture(1, SPS, PPS, IDR, ssrc=5):
        reception.receive_data(data, 0.1)
    assert len(units(reception)) == 1
    for data in picture(900, SPS, PPS, IDR, ssrc=5, timestamp=77):
        reception.receive_data(data, 2.0)
    (unit,) = units(reception)
    assert unit.pts == 180_000  # two seconds later, whatever the new stream's clock says


def test_a_goodbye_makes_room_at_once() -> None:
    reception = Reception(9, FORMATS, {}, 0.0)
    for data in picture(1, SPS, PPS, IDR):
        reception.receive_data(data, 0.0)
    reception.receive_data(bytes.fromhex("81cb000100000001"), 0.1)
    for data in picture(1, SPS, PPS, IDR, ssrc=5, timestamp=9000):
        reception.receive_data(data, 0.2)
    assert len(units(reception)) == 2


def test_the_codec_may_change_in_mid_stream() -> None:
    reception = Reception(9, (*FORMATS, Format(98, Codec.VP8)), {}, 0.0)
    keyframe = b"\x10\x10\x00\x00\x9d\x01\x2a\x80\x02\xe0\x01" + bytes(20)
    for data in [*picture(1, SPS, PPS, IDR), *picture(4, keyframe, timestamp=3000, kind=98)]:
        reception.receive_data(data, 0.0)
    codecs = [event.track.codec for event in reception.events_received() if isinstance(event, TrackAnnounced)]
    assert codecs == [Codec.H264, Codec.H264, Codec.VP8]


def test_a_changed_size_is_announced_with_its_keyframe() -> None:
    reception = Reception(9, FORMATS, {}, 0.0)
    (smaller,) = AvcConfig.decode(AVC_CONFIG).sps
    for number, sps in enumerate((SPS, SPS, smaller)):
        for data in picture(1 + 3 * number, sps, PPS, IDR, timestamp=3000 * number):
            reception.receive_data(data, number / 30)
    kinds = [type(event) for event in reception.events_received()]
    assert kinds == [TrackAnnounced, TrackAnnounced, AccessUnit, AccessUnit, TrackAnnounced, AccessUnit]


def test_sets_that_only_the_offer_holds() -> None:
    sets = {"sprop-parameter-sets": "Z2QAH6zZQFAFuwFqAgICgAAAAwCAAAAeR4wYyw==,aOvjyyLA,%"}
    reception = Reception(9, (Format(VIDEO, Codec.H264, sets),), {}, 0.0)
    for data in picture(1, IDR):
        reception.receive_data(data, 0.0)
    assert len(units(reception)) == 1


def test_a_report_before_the_first_packet_means_nothing() -> None:
    """OBS: its first one has a stamp of all ones and counts no packet."""
    reception = Reception(9, FORMATS, {}, 0.0)
    for data in picture(1, SPS, PPS, IDR, timestamp=5):
        reception.receive_data(data, 0.0)
    empty = bytes.fromhex("80c80006 00000001 e000000000000000 ffffffff 00000000 00000000".replace(" ", ""))
    reception.receive_data(empty, 0.1)
    assert reception.malformed == 0
    assert reception._clock._clocks[1].reported is None


def test_a_keyframe_is_asked_for_when_the_transcoder_wants_one() -> None:
    reception = Reception(9, FORMATS, {}, 0.0)
    for data in picture(1, SPS, PPS, IDR):
        reception.receive_data(data, 0.0)
    assert reception.data_to_send() == []
    reception.want_keyframe(1.0)
    (request,) = reception.data_to_send()
    assert request[:2] == b"\x81\xce"
