from dataclasses import replace

import pytest

from tests.transcode.clips import Clip, audio_clip, tone, video_clip
from vitrine.media.access_unit import AccessUnit
from vitrine.media.errors import MalformedError, UnsupportedError
from vitrine.media.h264 import AvcConfig, join_lengths, split_lengths
from vitrine.media.track import AudioTrack, Codec, VideoTrack
from vitrine.transcode.worker.decoder import MAX_PIXELS, MAX_REFUSED, AudioDecoder, VideoDecoder

CLIP = video_clip(count=5)


def video_track(clip: Clip) -> VideoTrack:
    track = clip.tracks[0]
    assert isinstance(track, VideoTrack)
    return track


TRACK = video_track(CLIP)


def test_pictures_keep_their_stamps() -> None:
    decoder = VideoDecoder(TRACK)
    frames = [frame for unit in CLIP.units for frame in decoder.decode(unit)] + decoder.flush()
    assert [frame.pts for frame in frames] == [unit.pts for unit in CLIP.units]


def test_nothing_is_decoded_before_a_keyframe() -> None:
    decoder = VideoDecoder(TRACK)
    assert decoder.decode(CLIP.units[1]) == []
    assert decoder.flush() == []
    assert (decoder.undecodable, decoder.given_up) == (1, CLIP.units[1].dts)
    assert len(decoder.decode(CLIP.units[0])) == 1
    assert decoder.undecodable == 1


def test_parameter_sets_in_the_stream() -> None:
    config = AvcConfig.decode(TRACK.config)
    first = CLIP.units[0]
    data = join_lengths((*config.sps, *config.pps, *split_lengths(first.data)))
    decoder = VideoDecoder(replace(TRACK, config=b""))
    assert len(decoder.decode(replace(first, data=data))) == 1
    assert decoder.decode(replace(first, data=b"\xff\xff\xff\xff\x00")) == []
    assert decoder.undecodable == 1


def test_garbage_is_counted_and_at_last_refused() -> None:
    decoder = VideoDecoder(TRACK)
    garbage = AccessUnit(1, 0, 0, True, b"\x00\x00\x00\x04abcd")
    for _ in range(MAX_REFUSED - 1):
        assert decoder.decode(garbage) == []
    with pytest.raises(MalformedError, match="cannot be decoded"):
        decoder.decode(garbage)
    assert decoder.undecodable == MAX_REFUSED


def test_one_good_picture_forgives_the_bad_ones() -> None:
    decoder = VideoDecoder(TRACK)
    garbage = AccessUnit(1, 0, 0, True, b"\x00\x00\x00\x04abcd")
    for unit in [garbage] * (MAX_REFUSED - 1) + [CLIP.units[0]] + [garbage] * (MAX_REFUSED - 1):
        decoder.decode(unit)
    assert decoder.undecodable == 2 * (MAX_REFUSED - 1)


def test_a_picture_with_too_many_pixels_is_refused() -> None:
    assert MAX_PIXELS < 4608 * 2592
    clip = video_clip(4608, 2592, 1)
    decoder = VideoDecoder(video_track(clip))
    assert decoder.decode(clip.units[0]) == decoder.flush() == []
    assert decoder.undecodable > 0


def test_pixel_aspect_of_the_stream_before_that_of_the_track() -> None:
    decoder = VideoDecoder(replace(TRACK, pixel_aspect=(4, 3)))
    decoder.decode(CLIP.units[0])
    assert decoder.pixel_aspect == (1, 1)
    assert VideoDecoder(VideoTrack(1, Codec.VP8, 1000, b"", pixel_aspect=(4, 3))).pixel_aspect == (4, 3)


def test_sound_keeps_its_stamps_and_damage_is_counted() -> None:
    clip = audio_clip(tone(0.2))
    track = clip.tracks[0]
    assert isinstance(track, AudioTrack)
    decoder = AudioDecoder(track)
    units = [replace(unit, data=b"\xff\xff") if n == 3 else unit for n, unit in enumerate(clip.units)]
    frames = [frame for unit in units for frame in decoder.decode(unit)]
    assert [frame.pts for frame in frames] == [unit.pts for n, unit in enumerate(clip.units) if n != 3]
    assert decoder.undecodable == 1


def test_a_bad_sound_configuration() -> None:
    with pytest.raises(UnsupportedError, match="aac configuration"):
        AudioDecoder(AudioTrack(2, Codec.AAC, 48000, b"\xff" * 8, 48000, 2))
