"""A real ffmpeg publishes; what comes out is right to the frame and to the sample."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import imageio_ffmpeg
import msgspec
import numpy as np
import pytest
from aiohttp import ClientSession

from tests.interop.conftest import KEY, Publish, configuration, program, until_state
from tests.interop.recording import RenditionRecording, check_unbroken, record
from vitrine.media.grid import AAC_FRAME, AUDIO_RATE
from vitrine.packager.run import FIRST_MSN
from vitrine.server.config import Channel
from vitrine.server.serve import Running, running

HALF_AAC_FRAME = Fraction(AAC_FRAME, 2 * AUDIO_RATE)
IN_STEP = Fraction(20, 1000)
"""Seconds that sound may be off the picture."""

SOUNDS = {
    "mono": ("-ac", "1"),
    "44100": ("-ar", "44100"),
    "surround": ("-ac", "6"),
    "mono-22050": ("-ar", "22050", "-ac", "1"),
}

LEFT_OUT = {"silent": "-an", "unseen": "-vn"}

ENHANCED = {
    "HEVC": ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:keyint=60", "-c:a", "copy"),
    "AV1": ("-c:v", "libsvtav1", "-preset", "12", "-g", "60", "-svtav1-params", "lp=1", "-c:a", "copy"),
    "VP9": ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "60", "-c:a", "copy"),
    "Opus": ("-c:v", "copy", "-c:a", "libopus"),
}


@pytest.fixture
async def server(tmp_path: Path, nobody_watches_the_end: None) -> AsyncIterator[Running]:
    """With a channel for each kind of stream as well, so that several are published at once."""
    config = configuration(tmp_path / "data")
    channels = {**config.channels, **{name: Channel() for name in (*SOUNDS, *LEFT_OUT, *ENHANCED)}}
    async with running(msgspec.structs.replace(config, channels=channels)) as server:
        yield server


async def test_every_rendition_is_whole_aligned_and_in_step(
    publish: Publish, http: ClientSession, server: Running
) -> None:
    """And ffprobe has nothing to say about the live playlist."""
    async with publish() as ffmpeg:
        state = await until_state(http, "live")
        assert [each["name"] for each in state["renditions"]] == ["270p", "180p", "audio"]  # type: ignore[attr-defined]
        address = f"http://127.0.0.1:{server.http_port}/hls/show/index.m3u8"
        async with program("ffprobe", "-v", "warning", "-show_entries", "stream=codec_name", address) as ffprobe:
            status, errors = await ffprobe.ended()
        assert status == 0
        assert "error" not in errors.lower(), errors
        assert await ffmpeg.ended() == (0, "")
    await until_state(http, "ended")
    recordings = await record(http)
    assert set(recordings) == {"270p", "180p", "audio"}
    for recording in recordings.values():
        check_continuous(recording)
    top, low, audio = recordings["270p"], recordings["180p"], recordings["audio"]
    assert top.starts == low.starts
    assert len(audio.starts) == len(top.starts)
    for picture, sound in zip(top.starts, audio.starts, strict=True):
        assert abs(picture - sound) <= HALF_AAC_FRAME
    for video in (top, low):
        numbers = video.numbers()
        check_unbroken(numbers)
        assert len(numbers) >= 175
    check_in_step(top, audio)


def check_continuous(recording: RenditionRecording) -> None:
    """No gap or overlap anywhere; what the playlist says a segment lasts is what it lasts."""
    assert recording.playlist.endswith("#EXT-X-ENDLIST\n")
    assert recording.first_msn == FIRST_MSN
    fragments = [
        (index, fragment) for index in range(len(recording.segments)) for fragment in recording.fragments(index)
    ]
    assert fragments[0][1].decode_time == 0
    for (_, earlier), (_, later) in pairwise(fragments):
        assert later.decode_time == earlier.end
    for index, (extinf, _) in enumerate(recording.segments):
        ticks = sum(sum(fragment.durations) for of, fragment in fragments if of == index)
        exact = Decimal(ticks) / recording.timescale
        assert abs(Decimal(extinf) - exact) < Decimal("0.000001"), recording.name


def check_in_step(
    video: RenditionRecording, audio: RenditionRecording, within: Fraction = IN_STEP, begin: Fraction = Fraction(0)
) -> None:
    """Each flash of the sample show that is shown from `begin` on has its beep. A busy machine may not show one."""
    beeps = beep_starts(audio.sound())
    lit = [at for at in video.flashes() if at >= begin]
    flashes = [at for at, before in zip(lit, [Fraction(-1), *lit], strict=False) if at - before > Fraction(1, 2)]
    assert len(flashes) >= 4
    for flash in flashes:
        assert min(abs(flash - beep) for beep in beeps) <= within, (float(flash), list(map(float, beeps)))


def beep_starts(sound: np.ndarray) -> list[Fraction]:
    """Seconds at which the 1 kHz beep rises, found by its energy in blocks of 1 ms."""
    block = AUDIO_RATE // 1000
    whole = sound[: len(sound) // block * block].reshape(-1, block)
    tone = np.exp(-2j * np.pi * 1000 * np.arange(block) / AUDIO_RATE)
    energy = np.abs(whole @ tone)
    loud = energy > energy.max() * 0.4
    rises = [index for index in range(1, len(loud)) if loud[index] and not loud[max(0, index - 30) : index].any()]
    return [Fraction(index, 1000) for index in ([0] if loud[0] else []) + rises]


async def test_what_is_missing_is_filled_in(publish: Publish, http: ClientSession, show: Path) -> None:
    """Nothing but a picture gets silence, nothing but sound a picture."""

    async def see(channel: str) -> dict[str, RenditionRecording]:
        async with publish(show, channel, LEFT_OUT[channel], "-c", "copy") as ffmpeg:
            assert (await ffmpeg.ended())[0] == 0, channel
        await until_state(http, "ended", channel=channel)
        recordings = await record(http, channel)
        for recording in recordings.values():
            check_continuous(recording)
        assert len(recordings["270p"].segments) == len(recordings["audio"].segments)
        return recordings

    silent, unseen = await asyncio.gather(*map(see, LEFT_OUT))
    assert np.abs(silent["audio"].sound()).max() < 0.001
    assert len(beep_starts(unseen["audio"].sound())) >= 4


async def test_any_sound_comes_out_in_step(publish: Publish, http: ClientSession, show: Path) -> None:
    async def see(channel: str) -> None:
        async with publish(show, channel, "-c:v", "copy", "-c:a", "aac", *SOUNDS[channel]) as ffmpeg:
            assert (await ffmpeg.ended())[0] == 0, channel
        await until_state(http, "ended", channel=channel)
        recordings = await record(http, channel)
        check_in_step(recordings["270p"], recordings["audio"])

    async with asyncio.TaskGroup() as tasks:
        for channel in SOUNDS:
            tasks.create_task(see(channel), name=channel)


async def test_reordered_pictures_come_out_in_order(publish: Publish, http: ClientSession, show: Path) -> None:
    options = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "3", "-g", "45", "-c:a", "copy")
    async with publish(show, KEY, *options) as ffmpeg:
        assert (await ffmpeg.ended())[0] == 0
    await until_state(http, "ended")
    recordings = await record(http)
    numbers = recordings["270p"].numbers()
    check_unbroken(numbers)
    check_in_step(recordings["270p"], recordings["audio"])


@pytest.mark.parametrize("codecs", [("HEVC", "Opus"), ("AV1", "VP9")], ids=" and ".join)
async def test_enhanced_rtmp_comes_out_whole(
    publish: Publish, http: ClientSession, show: Path, codecs: tuple[str, ...]
) -> None:
    """Debian's ffmpeg is too old to publish these; a newer one comes with a Python package."""

    async def see(channel: str) -> None:
        async with publish(show, channel, *ENHANCED[channel], ffmpeg=imageio_ffmpeg.get_ffmpeg_exe()) as ffmpeg:
            status, errors = await ffmpeg.ended()
            assert status == 0, errors
        state = await until_state(http, "ended", "failed", channel=channel)
        assert state["state"] == "ended", state["reason"]
        recordings = await record(http, channel)
        numbers = recordings["270p"].numbers()
        check_unbroken(numbers)
        assert len(numbers) >= 170
        check_in_step(recordings["270p"], recordings["audio"])

    async with asyncio.TaskGroup() as tasks:
        for codec in codecs:
            tasks.create_task(see(codec), name=codec)
