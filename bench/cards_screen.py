"""The cards beside the picture in Chromium: which picture is on screen when they change."""

import asyncio
import bisect
import itertools
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import aiohttp
from playwright.async_api import Browser, Page

from bench.chromium import chromium
from bench.crew import Crew
from bench.served import CHANNEL, Served, child, served
from vitrine.ingest.sample.show import SampleShow
from vitrine.ingest.sample.write import write_sample

LADDER = (("360p", 360, 800), ("180p", 180, 250))
RATE = Fraction(30)
SHOW_SECONDS = 60
PRODUCTS = ("WM-4411", "花瓶", "مصباح", "👩‍🍳 pan")
AHEAD = 15
"""Frames between the newest one and the one that a cue is commanded for."""

BACK = 15
"""Seconds that a viewer seeks back."""

Shown = tuple[int, list[str]]
"""The frame of a picture on screen, and the products on the cards beside it."""


async def measure(minutes: float) -> dict[str, list[float]]:
    """Card errors in frames by situation."""
    with tempfile.TemporaryDirectory() as name:
        show = Path(name) / "show.mp4"
        write_sample(show, SampleShow(640, 360, RATE, Fraction(SHOW_SECONDS)))
        async with served(Path(name), LADDER) as server:
            camera = (sys.executable, "-m", "bench.camera", str(show), server.rtmp, CHANNEL)
            async with child(*camera) as process:
                assert process.stdout is not None
                captured = float((await process.stdout.readline()).decode())
                await server.live()
                return await _watch(server, captured, minutes)


async def _watch(server: Served, captured: float, minutes: float) -> dict[str, list[float]]:
    async with (
        aiohttp.ClientSession() as session,
        chromium() as browser,
        asyncio.TaskGroup() as tasks,
    ):
        crew = Crew(server.http, RATE, session)
        showing = tasks.create_task(_show_for_ever(crew, captured))
        page = await _open(browser, server)
        await asyncio.sleep(minutes * 60)
        found = {"at the live edge": _errors(await _shown(page, captured), crew)}
        found["after a rendition switch"] = await _switched(page, captured, crew)
        found["after a seek back, each picture"] = await _sought(page, captured, crew, -BACK)
        found["after a seek forward, each picture"] = await _sought(page, captured, crew, BACK - 5)
        await page.close()
        found["a late joiner's first picture"] = [await _joined(browser, server, captured, crew) for _ in range(10)]
        showing.cancel()
    return found


async def _show_for_ever(crew: Crew, captured: float) -> None:
    """A change every 1.3 s or so, at frames of every phase of part and segment."""
    turns = itertools.cycle((0, 1, 2, 0, 3, None))
    loop = asyncio.get_running_loop()
    start = loop.time()
    for count in itertools.count():
        turn = next(turns)
        newest = int((time.time() - captured) * RATE)
        await crew.show(*([] if turn is None else [PRODUCTS[turn]]), frame=newest + AHEAD)
        await asyncio.sleep(start + 1.3 * (count + 1) - loop.time())


async def _open(browser: Browser, server: Served) -> Page:
    page = await browser.new_page(viewport={"width": 1280, "height": 800}, bypass_csp=True)
    for script in ("viewer.js", "viewer_cards.js"):
        await page.add_init_script(path=Path(__file__).with_name(script))
    await page.goto(f"{server.http}/watch/{CHANNEL}")
    await page.wait_for_function("window.cards.length > 0", timeout=30_000)
    return page


async def _shown(page: Page, captured: float, clear: bool = False) -> list[Shown]:
    cards = await page.evaluate("window.cards")
    if clear:
        await page.evaluate("window.cards.length = 0")
    return [(_frame(int(number), at / 1000 - captured), list(on)) for number, at, on in cards]


def _frame(number: int, since: float) -> int:
    """The show repeats: the turn is the newest that had been captured `since` seconds after frame 0."""
    turn = int((since * float(RATE) - number) // (SHOW_SECONDS * RATE))
    return number + int(turn * SHOW_SECONDS * RATE)


def _errors(shown: Sequence[Shown], crew: Crew) -> list[float]:
    """For each change that was commanded: pictures on screen that should have had it and had not; or, negative, those
    that had it too early.
    """
    frames = [frame for frame, _ in shown]
    errors = []
    for at, products in crew.frames.items():
        first = bisect.bisect_left(frames, at)
        if 0 < first < len(shown) and crew.expected(frames[first]) == products:
            late = _pictures_until(products, shown[first:])
            known = crew.expected(frames[first - 1]) == products
            early = 0 if known else _pictures_with(products, shown[:first])
            errors.append(float(late or -early))
    return errors


def _pictures_until(products: list[str], shown: Sequence[Shown]) -> int:
    return sum(1 for _ in itertools.takewhile(lambda each: each[1] != products, shown))


def _pictures_with(products: list[str], shown: Sequence[Shown]) -> int:
    return sum(1 for _ in itertools.takewhile(lambda each: each[1] == products, reversed(shown)))


def _wrong(shown: Iterable[Shown], crew: Crew) -> list[float]:
    """For each picture: 0 if its cards are right, else the frames to the nearest one for which they would be."""
    errors = []
    for frame, now in shown:
        offsets = sorted(range(-int(RATE), int(RATE) + 1), key=abs)
        errors.append(float(next((abs(by) for by in offsets if crew.expected(frame + by) == now), RATE)))
    return errors


async def _switched(page: Page, captured: float, crew: Crew) -> list[float]:
    errors: list[float] = []
    for height in (180, 360, 180):
        await page.evaluate(
            "h => { const { hls } = vitrine; hls.nextLevel = hls.levels.findIndex(level => level.height === h) }",
            height,
        )
        await page.wait_for_function(f"document.querySelector('video').videoHeight === {height}", timeout=30_000)
        await _shown(page, captured, clear=True)
        await asyncio.sleep(12)
        errors += _errors(await _shown(page, captured), crew)
    return errors


async def _sought(page: Page, captured: float, crew: Crew, by: int) -> list[float]:
    await page.evaluate(
        """by => new Promise(done => {
            const { video } = vitrine;
            video.addEventListener("seeking", () => { window.cards.length = 0; }, { once: true });
            video.addEventListener("seeked", done, { once: true });
            video.currentTime += by;
        })""",
        by,
    )
    await page.wait_for_function("window.cards.length > 90", timeout=30_000)
    return _wrong(await _shown(page, captured), crew)


async def _joined(browser: Browser, server: Served, captured: float, crew: Crew) -> float:
    page = await _open(browser, server)
    shown = await _shown(page, captured)
    await page.close()
    return _wrong(shown[:1], crew)[0]
