"""A low-latency viewer without a screen."""

import re

import aiohttp

from bench.served import CHANNEL


async def follow(http: str, rendition: str, session: aiohttp.ClientSession, channel: str = CHANNEL) -> None:
    """Follow one rendition: its playlist by blocking reload, and every part once as it is listed. Never returns."""
    base = f"{http}/hls/{channel}/{rendition}/"
    query, newest = "", ""
    while True:
        async with session.get(base + "index.m3u8" + query) as response:
            text = await response.text()
        names = re.findall(r'#EXT-X-PART:.*?URI="([^"]+)"', text)
        for name in names[names.index(newest) + 1 if newest in names else 0 :]:
            async with session.get(base + name) as response:
                await response.read()
        newest = names[-1] if names else newest
        hint = re.search(r'PRELOAD-HINT:.*URI="[^"]*\.(\d+)\.(\d+)\.m4s"', text)
        assert hint is not None
        query = f"?_HLS_msn={hint[1]}&_HLS_part={hint[2]}"
