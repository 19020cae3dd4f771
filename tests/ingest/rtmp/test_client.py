from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ingest.rtmp.wire import ASC, AUDIO, OPUS_HEADER, VIDEO, Pair, units
from vitrine.ingest.rtmp.address import Address
from vitrine.ingest.rtmp.amf_values import Value
from vitrine.ingest.rtmp.chunk import ChunkWriter
from vitrine.ingest.rtmp.client import RtmpPublisher, State
from vitrine.ingest.rtmp.events import (
    ClientEvent,
    DataReceived,
    MediaReceived,
    MetadataReceived,
    PublishRefused,
    PublishStarted,
    SessionEnded,
)
from vitrine.ingest.rtmp.handshake import PACKET, RANDOM
from vitrine.ingest.rtmp.message import Command
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import MisuseError, UnsupportedError
from vitrine.media.track import AudioTrack, Codec, Track, TrackAnnounced, VideoTrack

SHAKE = b"\x03" + bytes(2 * PACKET)


def client(*answers: Command) -> tuple[RtmpPublisher, list[ClientEvent]]:
    """A publisher that has shaken hands and heard some answers."""
    publisher = RtmpPublisher(Address.decode("rtmp://host/live", "secret"), bytes(RANDOM))
    publisher.receive_data(SHAKE + b"".join(ChunkWriter().write(each.message()) for each in answers))
    return publisher, publisher.events_received()


def status(code: str, level: str = "status", name: str = "onStatus", transaction: float = 0, **more: Value) -> Command:
    return Command(name, transaction, (None, {"level": level, "code": code, **more}))


CONNECTED = Command("_result", 1, ({}, {}))
CREATED = Command("_result", 4, (None, 7.0))
STARTED = status("NetStream.Publish.Start")


def test_started() -> None:
    publisher, events = client(CONNECTED, CREATED, STARTED)
    assert events == [PublishStarted()]
    assert publisher.state is State.PUBLISHING


@pytest.mark.parametrize("created", [Command("_result", 4, (None,)), Command("_result", 4, (None, -1.0))])
def test_a_stream_that_has_no_number_is_the_first(created: Command) -> None:
    publisher, _ = client(CONNECTED, created)
    sent = publisher.data_to_send()
    publish = Command("publish", 5, (None, "secret", "live"))
    assert sent.endswith(ChunkWriter().write(publish.message(1)))


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (status("NetStream.Publish.Denied", "error", description="Wrong secret"), "Wrong ***"),
        (status("NetStream.Publish.BadName", "error"), "NetStream.Publish.BadName"),
        (status("", "", "_error", 1, description="no app"), "no app"),
        (Command("_error", 4, ()), "no reason given"),
    ],
)
def test_refused(answer: Command, text: str) -> None:
    publisher, events = client(CONNECTED, answer)
    assert events == [PublishRefused(text), SessionEnded("The server declined")]
    publisher.receive_data(b"anything")
    assert publisher.events_received() == []


def test_courtesies_may_fail() -> None:
    courtesies = [Command("_error", 2, (None, {"level": "error"})), Command("_error", 3, ())]
    _, events = client(CONNECTED, *courtesies, CREATED, status("NetStream.Other"), Command("onBWDone", 0), STARTED)
    assert events == [PublishStarted()]


def test_what_cannot_be_read() -> None:
    publisher, _ = client(CONNECTED)
    publisher.receive_data(b"\xff\xff\xff\xff")
    (event,) = publisher.events_received()
    assert isinstance(event, SessionEnded)
    assert "cannot be read" in event.reason


def test_the_server_leaves() -> None:
    publisher, _ = client(CONNECTED)
    publisher.receive_eof()
    assert publisher.events_received() == [SessionEnded("The server closed the connection")]


def test_the_server_is_stopped() -> None:
    _, events = client(CONNECTED, CREATED, STARTED, status("NetConnection.Connect.AppShutdown", "error"))
    assert events == [PublishStarted(), SessionEnded("The server is stopping")], "no refusal: it may be back"


def test_media_wait_for_the_start() -> None:
    publisher, _ = client(CONNECTED)
    with pytest.raises(MisuseError):
        publisher.add_track(VIDEO)
    with pytest.raises(MisuseError):
        publisher.push(units()[0])
    publisher.close()
    assert publisher.events_received() == [SessionEnded("closed before publishing")]


def test_goodbye() -> None:
    pair = Pair()
    pair.publish()
    pair.client.close()
    pair.carry()
    assert pair.client_events == [PublishStarted(), SessionEnded("published to the end")]


TRACKS: list[tuple[Track, Track]] = [
    (VIDEO, AUDIO),
    (
        VideoTrack(1, Codec.HEVC, 90_000, b"hvcC", 640, 360, rate=Fraction(30)),
        AudioTrack(2, Codec.OPUS, 48_000, OPUS_HEADER, 48000, 2),
    ),
    (VideoTrack(1, Codec.AV1, 90_000, b"av1C"), AudioTrack(2, Codec.AAC, 48_000, ASC, 48000, 1)),
    (VideoTrack(1, Codec.VP9, 1_000, b"vpcC"), AUDIO),
    (VideoTrack(1, Codec.VP8, 1_000, b"vpcC"), AUDIO),
]


@pytest.mark.parametrize("tracks", TRACKS)
def test_every_codec_reaches_a_server(tracks: tuple[VideoTrack, AudioTrack]) -> None:
    video, audio = tracks
    second = video.timescale, audio.timescale
    composition = second[0] // 10 if video.codec in (Codec.H264, Codec.HEVC) else 0
    pair = Pair()
    pair.publish(
        tracks,
        [
            AccessUnit(1, second[0], second[0] + composition, True, b"picture"),
            AccessUnit(2, second[1] * 2, second[1] * 2, True, b"sound"),
        ],
    )
    announced = [event.track for event in pair.events if isinstance(event, TrackAnnounced)]
    assert [(track.codec, track.config) for track in announced] == [(track.codec, track.config) for track in tracks]
    assert [event for event in pair.events if isinstance(event, MediaReceived)] == [
        MediaReceived(1, 1000, 100 if composition else 0, True, b"picture"),
        MediaReceived(2, 2000, 0, True, b"sound"),
    ]


def test_metadata() -> None:
    pair = Pair()
    pair.publish(media=units(1))
    values = next(event.values for event in pair.events if isinstance(event, MetadataReceived))
    assert values == {
        "encoder": "Vitrine",
        "videocodecid": 7.0,
        "width": 160.0,
        "height": 120.0,
        "framerate": 25.0,
        "audiocodecid": 10.0,
        "audiosamplerate": 48000.0,
        "audiochannels": 1.0,
        "stereo": False,
    }


def test_metadata_name_new_codecs_by_fourcc() -> None:
    pair = Pair()
    pair.publish([VideoTrack(1, Codec.HEVC, 1000, b"hvcC")], [AccessUnit(1, 0, 0, True, b"x")])
    values = next(event.values for event in pair.events if isinstance(event, MetadataReceived))
    assert values["videocodecid"] == 1752589105


def test_a_changed_description_goes_out_at_once() -> None:
    pair = Pair()
    pair.publish(media=units(1))
    pair.client.add_track(replace(AUDIO, config=b"\x11\x90"))
    pair.carry()
    assert isinstance(pair.events[-1], TrackAnnounced)
    assert pair.events[-1].track.config == b"\x11\x90"


def test_recordings_may_start_before_zero() -> None:
    pair = Pair()
    pair.publish(
        media=[
            AccessUnit(1, -80, 0, True, b"a"),
            AccessUnit(2, -100, -100, True, b"b"),
            AccessUnit(1, -40, 80, False, b"c"),
        ]
    )
    found = [(each.stamp, each.composition) for each in pair.events if isinstance(each, MediaReceived)]
    assert found == [(0, 80), (0, 0), (40, 120)]


def test_impossible_times() -> None:
    pair = Pair()
    pair.publish()
    with pytest.raises(UnsupportedError, match="hours"):
        pair.client.push(AccessUnit(1, 0, 1 << 23, True, b""))


@given(st.binary(max_size=300))
def test_any_answer(data: bytes) -> None:
    publisher, _ = client(CONNECTED, CREATED)
    publisher.receive_data(data)
    assert len(publisher.events_received()) <= 3


def test_data_are_sent_for_a_picture() -> None:
    pair = Pair()
    pair.publish(media=[replace(units()[0], dts=-40, pts=40)])
    for value, stamp in ((1.0, None), (2.0, 120)):
        pair.client.send_data("onCuePoint", {"name": "vitrine", "time": value}, stamp)
    pair.client.push(replace(units()[0], dts=0, pts=0))
    pair.carry()
    data = [event for event in pair.events if isinstance(event, DataReceived)]
    assert [(event.name, event.stamp) for event in data] == [("onCuePoint", 80), ("onCuePoint", 160)]
    assert data[1].values == ({"name": "vitrine", "time": 2.0},)
    assert b"@setDataFrame\x02\x00\x0aonCuePoint" not in pair.sent


def test_data_before_publishing_are_a_mistake_of_ours() -> None:
    publisher, _ = client(CONNECTED)
    with pytest.raises(MisuseError):
        publisher.send_data("onCuePoint", None)
