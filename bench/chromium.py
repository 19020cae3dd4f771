"""Chromium as tests and benchmarks start it: Debian's, pages and nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

EXECUTABLE = "/usr/bin/chromium-headless-shell"
"""The same browser without a window of its own: a third less for the processor to do."""

WITHOUT = (
    # Chromium 156 prepares two pages of its own for each window, which costs more than most pages of ours.
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup", "AimEnabled", "PreloadTopChromeWebUI",
    # What Playwright would name here, and this option replaces.
    "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "DialMediaRouteProvider",
    "GlobalMediaControls", "HttpsFirstBalancedModeAutoEnable", "HttpsUpgrades", "LensOverlay", "MediaRouter",
    "NetworkTimeServiceQuerying", "OptimizationHints", "PaintHolding", "ThirdPartyStoragePartitioning", "Translate",
)  # fmt: skip

ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
    f"--disable-features={','.join(WITHOUT)}",
)  # fmt: skip

FILMS = ("--use-fake-device-for-media-stream=fps=10", "--use-fake-ui-for-media-stream")
"""A camera and a microphone of its own. Ten pictures a second are a third of the work to preview, encode and decode."""


def filming(clip: Path) -> tuple[str, ...]:
    """Options for a camera that shows a Y4M file, and a microphone."""
    fake = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    return (*fake, f"--use-file-for-fake-video-capture={clip}")


@asynccontextmanager
async def chromium(*options: str) -> AsyncIterator[Browser]:
    """A browser for as long as the block runs, started with these options as well."""
    async with (
        async_playwright() as playwright,
        await playwright.chromium.launch(executable_path=EXECUTABLE, args=[*ARGUMENTS, *options]) as browser,
    ):
        yield browser
