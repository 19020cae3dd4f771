"""hls.js, Shaka Player and Chromium's own HLS play what the packager and the origin make, through a show's life.

Every picture carries its number, so that what is on screen tells how far behind it is, and what was left out.
"""

import asyncio
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import pytest
from playwright.async_api import Browser

from tests.interop.players.conftest import Frame, OpenPlayer, asleep
from tests.origin.on_air import RATE, Broadcast, on_air
from tests.origin.pages.viewer import watching

pytestmark = pytest.mark.asyncio(loop_scope="module")

WINDOW = 30
LEFT_OUT = 0.5
"""Seconds of the picture: a machine that does much else shows so little of it at times."""
SLEEP = 30.0
TARGET = 2.0  # seconds of a segment, within which a window moves on
WINDOW_OF_SLEEP = 20
"""Seconds: a tab that sleeps for longer than the window finds nothing again of what it had."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A player.

    `behind`: seconds that it may be from the studio; by itself it is half of that or less on a machine with time.
    `returns`: seconds that it may be from there after a sleep: some go on with the oldest that is listed.
    """

    name: str
    behind: float
    returns: float


HLS_JS = Kind("hls.js", behind=3.5, returns=WINDOW_OF_SLEEP)
SHAKA = Kind("Shaka", behind=3.0, returns=WINDOW_OF_SLEEP)
CHROMIUM = Kind("Chromium", behind=10.0, returns=WINDOW_OF_SLEEP)

TAKEN = "performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => name.endsWith('.m4s'))"

every_player = pytest.mark.parametrize("kind", [HLS_JS, SHAKA, CHROMIUM], ids=lambda kind: kind.name)
players_that_obey = pytest.mark.parametrize("kind", [HLS_JS, SHAKA], ids=lambda kind: kind.name)


def check_unbroken(frames: Sequence[Frame]) -> None:
    """One picture after another, each at its time; a busy machine leaves some out, and tells of some late."""
    steps = [later.number - earlier.number for earlier, later in pairwise(frames)]
    assert [step for step in steps if not 0 <= step <= LEFT_OUT * RATE] == []
    check_places(frames)


def check_goes_on(frames: Sequence[Frame]) -> None:
    """The show went on at its pace, though its picture may have stood still meanwhile.

    What is to come after a switch is not there yet, or is no keyframe: Shaka is nearer to the edge than a segment is
    long, and Chromium's decoder begins with the next keyframe. Sound and time go on. A picture may come late, and none
    ahead of its time, which the first second tells.
    """
    assert [pair for pair in pairwise(frames) if pair[1].time < pair[0].time] == []
    ahead = [frame.time - frame.shown for frame in frames]
    assert max(ahead) - max(ahead[: int(RATE)]) < LEFT_OUT
    check_places(frames)


def check_places(frames: Sequence[Frame]) -> None:
    places = [frame.number - frame.time * float(RATE) for frame in frames]
    assert max(places) - min(places) < 4, "the media time of a picture is its own"


@every_player
async def test_it_starts_at_the_live_edge_and_stays_there(kind: Kind, open_player: OpenPlayer) -> None:
    async with on_air(Broadcast(WINDOW)) as broadcast:
        screen = await open_player(kind.name, broadcast)
        await screen.more(1)
        assert 0 < await screen.behind() < kind.behind
        check_unbroken(await screen.more(2))
        assert 0 < await screen.behind() < kind.behind
        await screen.until("video.webkitAudioDecodedByteCount > 0")


async def test_who_comes_at_the_very_beginning_takes_no_part_again_and_again(open_player: OpenPlayer) -> None:
    """hls.js does, where the first segment has the number 0: see FIRST_MSN in packager/run.py."""
    async with on_air(Broadcast(WINDOW, before=2)) as broadcast:
        screen = await open_player("hls.js", broadcast)
        check_unbroken((await screen.more(3))[1:])
        taken = await screen.ask(TAKEN)
        assert len(taken) > 12
        assert [name for name, times in Counter(taken).items() if times > 2] == []


@players_that_obey
async def test_another_rendition_goes_on_where_this_one_was(kind: Kind, open_player: OpenPlayer) -> None:
    async with on_air(Broadcast(WINDOW)) as broadcast:
        screen = await open_player(kind.name, broadcast)
        await screen.more(1)
        for height in (90, 180):
            await screen.ask(f"void player.choose({height})")
            await screen.until(f"frames.at(-1)[2] === {height}")
            await screen.more(0.5)
        check_goes_on([Frame(*frame) for frame in await screen.ask("frames.slice(5)")])


async def test_chromium_chooses_by_itself(open_player: OpenPlayer) -> None:
    async with on_air(Broadcast(WINDOW)) as broadcast:
        screen = await open_player("Chromium", broadcast)
        await screen.until("frames.length && frames[0][2] === 90 && frames.at(-1)[2] === 180")
        await screen.more(0.5)
        check_unbroken([Frame(*frame) for frame in await screen.ask("frames.slice(5)")])


@players_that_obey
async def test_it_goes_back_in_the_window_and_to_the_edge_again(kind: Kind, open_player: OpenPlayer) -> None:
    async with on_air(Broadcast(WINDOW)) as broadcast:
        screen = await open_player(kind.name, broadcast)
        before = (await screen.more(1))[-1]
        await screen.ask("void (video.currentTime = video.currentTime - 15)")
        after = await screen.more(1)
        check_unbroken(after[1:])
        assert after[-1].number - before.number == pytest.approx(-14 * 30, abs=30)
        await screen.ask("void player.toLive()")
        check_unbroken((await screen.more(1))[1:])
        assert await screen.behind() < kind.behind


async def test_chromium_does_not_seek_while_a_show_is_live(open_player: OpenPlayer) -> None:
    """Should this fail, it has learnt to: then docs/players.md has to say so."""
    async with on_air(Broadcast(WINDOW)) as broadcast:
        screen = await open_player("Chromium", broadcast)
        await screen.more(0.5)
        assert await screen.ask("video.seekable.length") == 0
        await screen.ask("void (video.currentTime = 0)")
        check_unbroken((await screen.more(1))[1:])


@every_player
async def test_it_sees_the_show_to_its_end(kind: Kind, open_player: OpenPlayer) -> None:
    """Those that change to another rendition by themselves may not: Shaka leaves out of the picture what is before the
    next keyframe (see Kind), and there is none.
    """
    async with on_air(Broadcast(WINDOW)) as broadcast:
        screen = await open_player(kind.name, broadcast)
        if kind is not CHROMIUM:
            await screen.ask("void player.choose(180)")
            await screen.until("frames.at(-1)?.[2] === 180")
        await screen.more(1)
        await broadcast.end()
        await screen.until("video.ended")
        last = Frame(*await screen.ask("frames.at(-1)"))
        assert broadcast.stage.newest - last.number in (0, 1)
        duration = await screen.ask("video.duration")
        assert math.isfinite(duration)
        assert duration == pytest.approx(last.time, abs=0.2)
        assert await screen.ask("video.currentTime") == pytest.approx(duration, abs=0.1)


async def test_what_slept_for_longer_than_its_window_comes_back(open_player: OpenPlayer, browser: Browser) -> None:
    """So does our own page, whose window is longer than its sleep: it leaves out what it missed."""
    async with on_air(Broadcast(WINDOW_OF_SLEEP)) as broadcast:
        screens = [(kind, await open_player(kind.name, broadcast)) for kind in (HLS_JS, SHAKA, CHROMIUM)]
        await asyncio.gather(*(screen.more(1) for _, screen in screens))
        async with watching(browser) as viewer:
            async with asleep(browser):
                await asyncio.sleep(SLEEP)
            await viewer.sees_the_picture()
        for kind, screen in screens:
            listed = broadcast.stage.newest - kind.returns * float(RATE)
            await screen.until(f"frames.at(-1)[0] > {listed}")  # what was buffered is seen first
            check_unbroken(await screen.more(1))
            assert await screen.behind() < kind.returns + TARGET
