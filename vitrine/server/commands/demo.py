"""`vitrine demo`: the server, and a generated show that loops live through its own RTMP listener."""

import asyncio
import os
import sys
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

from vitrine import __version__
from vitrine.ingest.sample.products import PRODUCTS
from vitrine.ingest.sample.shop import CATALOGUE, RUNDOWN, write_shop
from vitrine.ingest.sample.show import PRODUCT_SECONDS
from vitrine.media.errors import ConfigError, RefusedError
from vitrine.overlay.commands import Command, Programme
from vitrine.server.commands.sample import sample
from vitrine.server.commands.serve import studio_address, until_stopped
from vitrine.server.config import Channel, Config, Reconnect, Server
from vitrine.server.desk import Desk
from vitrine.server.logs import log_to_stderr
from vitrine.server.serve import running

CHANNEL = "demo"
SHOW_SECONDS = 60
SHOW_SIZE = (1280, 720)
SHOW_RATE = Fraction(30)

AHEAD = 3
"""Seconds before its frame that a product is commanded."""

LOOK_AGAIN = 0.25
"""Seconds between the crew's looks at the clock."""


async def demo(http: str, rtmp: str, data: Path) -> None:
    """Make the show where it is missing, then serve and publish it until SIGINT or SIGTERM."""
    show = await asyncio.to_thread(prepared_show, data)
    log_to_stderr()
    shop = await asyncio.to_thread(prepared_shop, data)
    channel = Channel(title="Vitrine demo show", catalogue=str(shop / CATALOGUE), rundown=str(shop / RUNDOWN))
    config = Config(
        server=Server(http=http, rtmp=rtmp, data=str(data)),
        reconnect=Reconnect(window=0),  # a demo that is started again begins with its first product
        channels={CHANNEL: channel},
    )
    async with running(config) as server:
        rtmp_host, http_host = rtmp.rpartition(":")[0], http.rpartition(":")[0]
        publisher = await _publish(show, f"rtmp://{rtmp_host}:{server.rtmp_port}/live")
        address = f"http://{http_host}:{server.http_port}"
        print(f"\n  Open {address}/watch/{CHANNEL}\n", flush=True)
        print(f"  Run the show from {studio_address(address, CHANNEL, server.token)}\n", flush=True)
        print(f"  Show another product: vitrine cue {CHANNEL} next --server {address} --data {data}\n", flush=True)
        try:
            async with asyncio.TaskGroup() as tasks:
                desk = server.registry.desk(CHANNEL)
                assert desk is not None
                crew = tasks.create_task(show_products(desk))
                await _first_of(publisher)
                crew.cancel()
        finally:
            if publisher.returncode is None:
                publisher.terminate()
            await publisher.wait()


def prepared_show(data: Path) -> Path:
    """The sample show in the data folder, made on the first start. Raises ConfigError."""
    show = data / f"sample-show-{__version__}.mp4"
    if show.exists():
        return show
    try:
        data.mkdir(parents=True, exist_ok=True)
        unfinished = show.with_stem(show.stem + ".unfinished")
        sample(unfinished, SHOW_SECONDS, SHOW_SIZE, SHOW_RATE)
        return unfinished.rename(show)
    except OSError as error:
        raise ConfigError(
            f"The data folder {data} cannot be written: {error.strerror}. Name another by --data."
        ) from error


def prepared_shop(data: Path) -> Path:
    """The folder of the demo's catalogue, made on the first start. Raises ConfigError."""
    folder = data / f"demo-shop-{__version__}"
    try:
        if not (folder / RUNDOWN).exists():
            folder.mkdir(parents=True, exist_ok=True)
            write_shop(folder)
    except OSError as error:
        raise ConfigError(
            f"The data folder {data} cannot be written: {error.strerror}. Name another by --data."
        ) from error
    return folder


async def show_products(desk: Desk) -> None:
    """The demo's crew: each product from the frame on which the show turns to it, for ever."""
    broadcast, product = None, 0
    while True:
        if desk.broadcast != broadcast:
            broadcast, product = desk.broadcast, 0
        at = Fraction(product * PRODUCT_SECONDS)
        if desk.show is not None and at <= desk.show.clock.programme(desk.newest) + AHEAD:
            command = Command("show", (PRODUCTS[product % len(PRODUCTS)].code,), 1, Programme(at))
            with suppress(RefusedError):  # off the air between two shows, or the disk is full: the log says so
                await desk.command(command, None)
                product += 1
        await asyncio.sleep(LOOK_AGAIN)


async def _publish(show: Path, url: str) -> asyncio.subprocess.Process:
    """A publisher of its own, as a crew's would be. The key goes by the environment, out of the process list."""
    command = (sys.executable, "-m", "vitrine.server", "push", str(show), url, "--loop", "--quiet")
    return await asyncio.create_subprocess_exec(*command, env={**os.environ, "VITRINE_KEY": CHANNEL})


async def _first_of(publisher: asyncio.subprocess.Process) -> None:
    """Return when the user stops us; raise ConfigError if the publisher ends before."""
    async with asyncio.TaskGroup() as tasks:
        stopped, ended = tasks.create_task(until_stopped()), tasks.create_task(publisher.wait())
        await asyncio.wait((stopped, ended), return_when=asyncio.FIRST_COMPLETED)
        if not stopped.done():
            stopped.cancel()
            raise ConfigError("The demo's publisher ended; its error stands above.")
        publisher.terminate()
