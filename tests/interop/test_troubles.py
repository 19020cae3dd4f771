"""What is wrong with a publisher's stream is told in the channel's state, and ends nothing."""

import asyncio
import signal

import pytest
from aiohttp import ClientSession

from tests.interop.conftest import KEY, PATIENCE, program, state_of, until_state
from vitrine.server import troubles
from vitrine.server.serve import Running

PICTURES = {"moving": "testsrc2=size=320x180:rate=30", "still": "smptebars=size=320x180:rate=30"}
SOUNDS = {"tone": "sine=frequency=440", "silence": "anullsrc"}


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(troubles, "FROZEN", 2.0)
    monkeypatch.setattr(troubles, "MUTE", 2.0)


def publisher(server: Running, picture: str | None, sound: str | None) -> tuple[str, ...]:
    inputs = [("-re", "-f", "lavfi", "-i", each) for each in (picture, sound) if each is not None]
    coding = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-pix_fmt", "yuv420p", "-c:a", "aac")
    url = f"rtmp://127.0.0.1:{server.rtmp_port}/live/{KEY}"
    return ("ffmpeg", "-v", "error", *(word for each in inputs for word in each), *coding, "-f", "flv", url)


async def until_troubles(http: ClientSession, *kinds: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            state = await state_of(http)
            assert state["state"] == "live", state
            health = state["health"]
            assert isinstance(health, dict)
            if [each["kind"] for each in health["troubles"]] == list(kinds):
                return
            await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    ("picture", "sound", "kinds"),
    [
        (PICTURES["still"], SOUNDS["silence"], ("frozen", "mute")),
        (PICTURES["moving"], None, ("sound",)),
        (None, SOUNDS["tone"], ("picture",)),
    ],
    ids=["a frozen camera and a muted microphone", "no sound", "no picture"],
)
async def test_what_is_missing_is_told(
    server: Running, http: ClientSession, picture: str | None, sound: str | None, kinds: tuple[str, ...]
) -> None:
    async with program(*publisher(server, picture, sound)):
        await until_state(http, "live")
        await until_troubles(http, *kinds)


async def test_of_a_publisher_that_hangs_too_and_no_longer_when_it_goes_on(
    server: Running, http: ClientSession
) -> None:
    async with program(*publisher(server, PICTURES["moving"], SOUNDS["tone"])) as ffmpeg:
        await until_state(http, "live")
        await until_troubles(http)
        ffmpeg.process.send_signal(signal.SIGSTOP)
        await until_troubles(http, "nothing")
        ffmpeg.process.send_signal(signal.SIGCONT)
        await until_troubles(http)
