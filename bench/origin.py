"""Playlists, parts and segments of a live broadcast: requests a second, beside nginx that has the same bytes on disk.

    python -m bench.origin [--runs 5] [--seconds 3] [--filling 70]

The server and nginx have the first core, in turns; wrk, the publisher and the encoder the second. What counts is
requests for each second of processor time that the serving process took: wrk is not always able to fill a core.
The ratio is the median of the runs' own: what else the machine does changes from one to the next.
"""

import argparse
import asyncio
import os
import re
import statistics
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psutil

from bench.served import CHANNEL, Served, child, free_port, publisher, served
from bench.server_cost import LADDER, source_of

CONNECTIONS = 64
SERVING, LOADING = {0}, {1}
MUST = {"playlist": 0.5, "blocked playlist": 0.5, "delta update": 0.5, "part": 0.9, "segment": 1.0}
"""Times nginx."""

NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; {user}
events {{ worker_connections 4096; }}
http {{
    access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 100000000;
    open_file_cache max=1000; types {{ }} default_type application/octet-stream;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    server {{ listen 127.0.0.1:{port}; root {folder}; add_header Cache-Control "public, max-age=3600"; }}
}}
"""


@dataclass
class Kind:
    """One kind of thing to ask for: how large it was, and the requests a processor second of both, for each run."""

    sizes: list[int] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)
    nginx: list[float] = field(default_factory=list)


async def listed(server: Served, folder: Path) -> dict[str, tuple[str, str]]:
    """The path of one of each kind that is listed now, and of the same bytes in this folder, for nginx to serve."""
    base = f"/hls/{CHANNEL}/{LADDER[0][0]}/"
    async with aiohttp.ClientSession(server.http, auto_decompress=False) as session:
        async with session.get(base + "index.m3u8", headers={"Accept-Encoding": "identity"}) as response:
            text = await response.text()
        part = await _usual(session, base, re.findall(r'PART:.*URI="([^"]+)"', text)[-16:-4])
        segment = re.findall(r"^[^#].*\.m4s$", text, re.MULTILINE)[-2]
        _, msn, index, _ = part.split(".")
        blocked = f"index.m3u8?_HLS_msn={msn}&_HLS_part={index}"
        names = {
            "playlist": "index.m3u8",
            "blocked playlist": blocked,
            "delta update": blocked + "&_HLS_skip=YES",
            "part": part,
            "segment": segment,
        }
        paths = {}
        for kind, name in names.items():
            async with session.get(base + name, headers={"Accept-Encoding": "gzip"}) as response:
                copy = folder / f"{msn} {kind}".replace(" ", "-")  # never written twice: nginx keeps files open
                copy.write_bytes(await response.read())
            paths[kind] = (base + name, "/" + copy.name)
    return paths


async def _usual(session: aiohttp.ClientSession, base: str, names: list[str]) -> str:
    """The part of the middle size: those with a keyframe are larger than the others, and sizes matter here."""
    sizes = {}
    for name in names:
        async with session.head(base + name) as response:
            sizes[name] = int(response.headers["Content-Length"])
    return sorted(names, key=sizes.__getitem__)[len(names) // 2]


@asynccontextmanager
async def nginx(folder: Path) -> AsyncIterator[tuple[psutil.Process, int]]:
    port = free_port()
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, user=user))
    async with child("nginx", "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf") as process:
        async with asyncio.timeout(10):
            while not psutil.Process(process.pid).children():  # noqa: ASYNC110 - it says nothing when it listens
                await asyncio.sleep(0.05)
        yield psutil.Process(process.pid).children()[0], port


async def load(process: psutil.Process, url: str, seconds: int) -> float:
    """Requests for each second of the process's time."""
    before = sum(process.cpu_times()[:2])
    command = ("wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-H", "Accept-Encoding: gzip", url)
    async with child(*command) as wrk:
        psutil.Process(wrk.pid).cpu_affinity(list(LOADING))
        said = (await wrk.communicate())[0].decode()
    used = sum(process.cpu_times()[:2]) - before
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(said)
    found = re.search(r"(\d+) requests in", said)
    assert found is not None
    return int(found[1]) / float(used)


async def measure(runs: int, seconds: int, filling: float) -> dict[str, Kind]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = source_of(folder)
        async with served(folder, LADDER) as server, child(*publisher(source, server)) as push:
            await server.live()
            for process in (psutil.Process(push.pid), *server.process.children()):
                process.cpu_affinity(list(LOADING))
            server.process.cpu_affinity(list(SERVING))
            await asyncio.sleep(filling)
            kinds = {kind: Kind() for kind in MUST}
            async with nginx(folder) as (beside, port):
                beside.cpu_affinity(list(SERVING))
                for _ in range(runs):  # each with new ones: no part is listed for as long as all of them take
                    for kind, (path, copy) in (await listed(server, folder)).items():
                        kinds[kind].sizes.append((folder / copy[1:]).stat().st_size)
                        kinds[kind].ours.append(await load(server.process, server.http + path, seconds))
                        kinds[kind].nginx.append(await load(beside, f"http://127.0.0.1:{port}{copy}", seconds))
            return kinds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--filling", type=float, default=70, help="seconds until the window is as long as it gets")
    arguments = parser.parse_args()
    kinds = asyncio.run(measure(arguments.runs, arguments.seconds, arguments.filling))
    print("| asked for | bytes | Vitrine | nginx from disk | ratio | least, most | must hold |")
    print("|---|---|---|---|---|---|---|")
    for name, kind in kinds.items():
        ours, theirs = statistics.median(kind.ours), statistics.median(kind.nginx)
        ratios = sorted(one / other for one, other in zip(kind.ours, kind.nginx, strict=True))
        row = [
            name,
            f"{statistics.median(kind.sizes):.0f}",
            f"{ours:.0f}",
            f"{theirs:.0f}",
            f"{statistics.median(ratios):.2f}",
        ]
        row += [f"{ratios[0]:.2f}, {ratios[-1]:.2f}", str(MUST[name])]
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
