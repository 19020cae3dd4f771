"""hls.js in Chromium on the watch page: what a shop's customer sees."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Error, Page, async_playwright

from bench.chromium import ARGUMENTS, EXECUTABLE
from soak.journal import USUAL_STALL, Journal

LOOK = 2.0
JOINING = 60.0
TOLD = 0.3
"""Seconds without a picture that are noted."""

EXPLAINED = 40
"""States before a stall's end that are noted: ten seconds."""

VIEWER = Path(__file__).parent.parent / "bench" / "viewer.js"

WATCH = """() => {
    window.complaints = [];
    const listen = () => {
        const hls = window.vitrine?.hls;
        if (hls && hls !== window.listened) {
            if (window.listened) window.complaints.push("the page opened its player anew");
            window.listened = hls;
            hls.on("hlsError", (_, data) => window.complaints.push(`${data.details} fatal=${data.fatal}`));
        }
    };
    setInterval(listen, 50);
    // What a stall is read from: four times a second how far each buffer is ahead of what is shown, for a minute.
    const buffers = {};
    const { addSourceBuffer } = MediaSource.prototype;
    MediaSource.prototype.addSourceBuffer = function (type) {
        return (buffers[type.split("/")[0]] = addSourceBuffer.call(this, type));
    };
    window.requests = [];
    new PerformanceObserver((list) => {
        for (const each of list.getEntries()) {
            const { name, startTime, responseStart, responseEnd, responseStatus } = each;
            const times = [startTime, responseStart, responseEnd].map((at) => performance.timeOrigin + at);
            window.requests.push([...times, responseStatus, name.split("/").slice(-2).join("/")]);
        }
        window.requests.splice(0, window.requests.length - 300);
    }).observe({ type: "resource" });
    window.states = [];
    const ahead = (buffer, at) => {
        try {
            return buffer.buffered.end(buffer.buffered.length - 1) - at;
        } catch {
            return NaN; // there is none, or it is of a player that was closed
        }
    };
    setInterval(() => {
        const video = document.querySelector("video");
        if (!video) return;
        const at = video.currentTime;
        const loading = (window.vitrine?.hls?.networkControllers ?? []).map(({ state }) => state).filter(Boolean);
        const state = `${video.readyState} ${loading.join(" ")}`;
        window.states.push([Date.now(), at, ahead(buffers.video, at), ahead(buffers.audio, at), state]);
        window.states.splice(0, window.states.length - 240);
    }, 250);
}"""
TAKE = """() => ({
    now: Date.now(),
    presented: window.presented.splice(0),
    complaints: window.complaints.splice(0),
    shown: window.shown.splice(0).length,
    unread: window.unread,
})"""


class Screen:
    """One page that is never loaded again. A picture that stands still is a stall, of the seconds beyond a frame."""

    def __init__(self, page: Page, channel: str, journal: Journal) -> None:
        self.pictures = 0
        self._page = page
        self._channel = channel
        self._journal = journal
        self._last: float | None = None  # when the newest picture was shown, on the browser's clock
        page.on("pageerror", lambda error: journal.fail(channel, f"the page: {error}"))

    async def run(self) -> None:
        """Look for ever at what was shown since."""
        while True:
            await asyncio.sleep(LOOK)
            taken = await self._page.evaluate(TAKE)
            offset = time.monotonic() - taken["now"] / 1000
            self.pictures += len(taken["presented"])
            stood = [self._show(at / 1000, offset) for at in sorted(taken["presented"])]
            if any(stood):
                await self._explain()
            for each in taken["complaints"]:
                self._journal.counts[f"hls.js: {each}"] += 1
                self._journal.note(self._channel, f"hls.js: {each}")

    def _show(self, at: float, offset: float) -> bool:
        """A picture was shown; whether that ended a stall."""
        last, self._last = self._last, at
        if last is None or at - last < TOLD:
            return False
        self._journal.stall(self._channel, "hls.js", last + offset, at - last)
        return at - last > USUAL_STALL

    async def _explain(self) -> None:
        """What was in the buffers in the last seconds, and what was asked for."""
        states = await self._page.evaluate(f"window.states.slice(-{EXPLAINED})")
        first = states[0][0] if states else 0
        told = [
            f"{(at - first) / 1000:.2f} s: at {shown:.2f}, {picture:.2f} s of picture, {sound:.2f} s of sound, {ready}"
            for at, shown, picture, sound, ready in states
            if picture is not None and sound is not None
        ]
        requests = await self._page.evaluate(f"window.requests.filter(([, , end]) => end > {first})")
        told += [
            f"{(begin - first) / 1000:.2f} s: {name} {status:.0f} after {answer - begin:.0f}, {end - begin:.0f} ms"
            for begin, answer, end, status, name in requests
        ]
        for line in sorted(told, key=lambda line: float(line.partition(" ")[0])):
            self._journal.note(self._channel, f"    {line}")


@asynccontextmanager
async def screen(address: str, channel: str, journal: Journal) -> AsyncIterator[Screen]:
    """A browser that shows the channel."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=EXECUTABLE, args=list(ARGUMENTS))
        try:
            page = await browser.new_page(viewport={"width": 800, "height": 600}, bypass_csp=True)
            await page.add_init_script(path=VIEWER)
            await page.add_init_script(f"({WATCH})()")
            await page.goto(f"{address}/watch/{channel}")
            async with asyncio.timeout(JOINING):
                while not await page.evaluate("window.presented.length > 30"):  # noqa: ASYNC110 - a page is asked
                    await asyncio.sleep(0.2)
            await page.evaluate("window.presented.length = 0")
            yield Screen(page, channel, journal)
        finally:
            try:
                await browser.close()
            except Error as error:
                journal.note(channel, f"the browser: {error}")
