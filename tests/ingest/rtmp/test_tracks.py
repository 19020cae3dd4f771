from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ingest.rtmp.wire import ASC, AVC_CONFIG, OPUS_HEADER
from vitrine.ingest.rtmp import enhanced, flv
from vitrine.ingest.rtmp.chunk import Message
from vitrine.ingest.rtmp.events import MediaReceived, Warned
from vitrine.ingest.rtmp.flv import Body, Kind
from vitrine.ingest.rtmp.tracks import TrackEvent, Tracks, describe
from vitrine.media.errors import MalformedError, UnsupportedError
from vitrine.media.track import AudioTrack, Codec, TrackAnnounced, VideoTrack

H264 = Body(Codec.H264, Kind.CONFIG, AVC_CONFIG)
AAC = Body(Codec.AAC, Kind.CONFIG, ASC)
PICTURE = Body(Codec.H264, Kind.FRAME, b"picture", True, 80)
SOUND = Body(Codec.AAC, Kind.FRAME, b"sound")


def video(body: Body, stamp: int = 0) -> Message:
    return Message(9, flv.encode_video(body), stamp)


def audio(body: Body, stamp: int = 0) -> Message:
    return Message(8, flv.encode_audio(body), stamp)


def push(*messages: Message) -> tuple[list[TrackEvent], Tracks]:
    tracks = Tracks()
    return [event for message in messages for event in tracks.push(message)], tracks


def test_h264_is_described_by_its_parameter_sets() -> None:
    assert describe(1, H264) == VideoTrack(1, Codec.H264, 1000, AVC_CONFIG, 160, 120, (1, 1), Fraction(25))


def test_h264_with_parameters_in_band() -> None:
    config = bytes.fromhex("01 42001e ff e0 00")
    assert describe(1, Body(Codec.H264, Kind.CONFIG, config)) == VideoTrack(1, Codec.H264, 1000, config)


def test_aac() -> None:
    assert describe(2, AAC) == AudioTrack(2, Codec.AAC, 1000, ASC, 48000, 1)


def test_opus() -> None:
    body = Body(Codec.OPUS, Kind.CONFIG, OPUS_HEADER)
    assert describe(2, body) == AudioTrack(2, Codec.OPUS, 1000, OPUS_HEADER, 48000, 2)
    with pytest.raises(MalformedError, match="OpusHead"):
        describe(2, replace(body, data=b"OpusTags" + bytes(8)))


@pytest.mark.parametrize("codec", [Codec.HEVC, Codec.AV1, Codec.VP9, Codec.VP8])
def test_others_are_described_by_decoding(codec: Codec) -> None:
    assert describe(1, Body(codec, Kind.CONFIG, b"c")) == VideoTrack(1, codec, 1000, b"c")


def test_media() -> None:
    events, tracks = push(video(H264), audio(AAC), video(PICTURE, 40), audio(SOUND, 47))
    assert events == [
        TrackAnnounced(describe(1, H264)),
        TrackAnnounced(describe(2, AAC)),
        MediaReceived(1, 40, 80, True, b"picture"),
        MediaReceived(2, 47, 0, True, b"sound"),
    ]
    assert not tracks.dropped


def test_enhanced_media() -> None:
    hevc = Body(Codec.HEVC, Kind.CONFIG, b"hvcC")
    frame = Body(Codec.HEVC, Kind.FRAME, b"x", False, -3)
    opus = Body(Codec.OPUS, Kind.CONFIG, OPUS_HEADER)
    events, _ = push(
        Message(9, enhanced.encode_video(hevc)),
        Message(9, enhanced.encode_video(frame), 5),
        Message(8, enhanced.encode_audio(opus)),
        Message(8, enhanced.encode_audio(replace(opus, kind=Kind.FRAME, data=b"o")), 6),
    )
    assert events == [
        TrackAnnounced(describe(1, hevc)),
        MediaReceived(1, 5, -3, False, b"x"),
        TrackAnnounced(describe(2, opus)),
        MediaReceived(2, 6, 0, True, b"o"),
    ]


def test_repeated_headers_are_no_news_and_changed_ones_are() -> None:
    changed = replace(AAC, data=b"\x11\x90")
    events, _ = push(audio(AAC), audio(AAC), audio(changed), audio(changed), audio(AAC))
    assert events == [TrackAnnounced(describe(2, body)) for body in (AAC, changed, AAC)]


def test_media_before_their_header_are_dropped_and_told_once() -> None:
    events, tracks = push(video(PICTURE), video(PICTURE), audio(SOUND), video(H264), video(PICTURE))
    assert events == [
        Warned("Video came before its sequence header"),
        Warned("Audio came before its sequence header"),
        TrackAnnounced(describe(1, H264)),
        MediaReceived(1, 0, 80, True, b"picture"),
    ]
    assert tracks.dropped == {"video before its header": 2, "audio before its header": 1}


def test_media_of_another_codec_than_their_header() -> None:
    hevc = Message(9, enhanced.encode_video(Body(Codec.HEVC, Kind.FRAME, b"x")))
    _, tracks = push(video(H264), hevc)
    assert tracks.dropped == {"video before its header": 1}


def test_what_holds_nothing_is_ignored() -> None:
    end = replace(H264, kind=Kind.END, data=b"")
    events, tracks = push(
        Message(9, b""),
        Message(8, b""),
        video(replace(H264, data=b"")),
        video(H264),
        video(replace(PICTURE, data=b"")),
        video(end),
        Message(9, b"\x57\x00"),
        Message(8, b"\xaf\x07"),
    )
    assert events == [TrackAnnounced(describe(1, H264))]
    assert not tracks.dropped


def test_the_first_of_many_tracks_is_used() -> None:
    config = b"\x95\x00mp4a\x03" + ASC
    other = b"\x95\x00mp4a\x04" + ASC
    frames = b"\x95\x11mp4a\x03\x00\x00\x01a\x04\x00\x00\x01b"
    events, tracks = push(Message(8, config), Message(8, other), Message(8, frames))
    assert events == [
        TrackAnnounced(describe(2, AAC)),
        Warned("The publisher sends more than one audio track; the first is used"),
        MediaReceived(2, 0, 0, True, b"a"),
    ]
    assert tracks.dropped == {"further audio tracks": 2}


def test_a_malformed_message_costs_only_itself() -> None:
    events, tracks = push(
        video(H264),
        Message(9, b"\x17"),
        Message(9, b"\x91hv"),
        Message(8, b"\xaf"),
        Message(8, b"\x91"),
        video(PICTURE),
    )
    assert [type(event) for event in events] == [TrackAnnounced, Warned, Warned, MediaReceived]
    assert tracks.dropped == {"malformed video": 2, "malformed audio": 2}


def test_a_malformed_header_announces_nothing() -> None:
    events, tracks = push(video(replace(H264, data=b"\x01\x42")), video(PICTURE))
    assert [type(event) for event in events] == [Warned, Warned]
    assert tracks.dropped == {"malformed video": 1, "video before its header": 1}


def test_a_stream_goes_on_without_audio_that_is_not_taken() -> None:
    mp3 = Message(8, b"\x2fmp3")
    events, tracks = push(mp3, mp3, audio(AAC), video(H264))
    assert events == [
        Warned("The audio is coded as MP3, which is not taken. Send AAC or Opus. The stream goes on without audio"),
        TrackAnnounced(describe(1, H264)),
    ]
    assert tracks.dropped == {"unsupported audio": 1}


def test_a_stream_does_not_go_on_without_its_video() -> None:
    with pytest.raises(UnsupportedError, match="Sorenson"):
        push(audio(AAC), Message(9, b"\x12\x00"))


@given(st.lists(st.tuples(st.sampled_from([8, 9]), st.binary(max_size=60))))
def test_any_bytes(messages: list[tuple[int, bytes]]) -> None:
    try:
        push(video(H264), audio(AAC), *(Message(kind, data) for kind, data in messages))
    except UnsupportedError:
        return
