"""Who has no business here: garbage, half-open and slow clients, wrong keys, floods. No broadcast is to notice.

Each comes from an address of its own, so that what it has to wait for is not the crew's to wait for.
"""

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import aiohttp

from soak.journal import STRANGERS, Journal
from soak.server import TOKEN, Server, key_of
from vitrine.ingest.rtmp.address import Address
from vitrine.ingest.rtmp.client import RtmpPublisher, State
from vitrine.ingest.rtmp.handshake import RANDOM

LET_GO = 75.0
"""Seconds within which a connection that does nothing useful is ended; the longest limit is a minute, for readers."""

OUT_OF_TIME = 20.0
"""The same for a request that is still being sent."""

FLOOD = 5.0

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Strangers:
    """`act` does one thing at random and returns when it is over."""

    def __init__(self, server: Server, journal: Journal, chance: random.Random, offer: str) -> None:
        """`offer` is a good one, of a browser that will never connect."""
        self._server = server
        self._journal = journal
        self._chance = chance
        self._offer = offer
        self._number = 0
        self.acts: dict[str, Callable[[], Awaitable[None]]] = {
            "garbage for RTMP": self.rtmp_garbage,
            "half-open RTMP connections": self.rtmp_half_open,
            "a handshake of a byte a second": self.rtmp_slow,
            "wrong stream keys": self.rtmp_wrong_keys,
            "a publisher's messages in a flood": self.rtmp_message_flood,
            "nonsense for HTTP": self.http_nonsense,
            "slow HTTP heads": self.http_slow_heads,
            "slow HTTP bodies": self.http_slow_bodies,
            "viewers who read nothing": self.http_unread,
            "playlists that cannot be": self.http_odd_playlists,
            "wrong API tokens": self.wrong_tokens,
            "WHIP offers with wrong keys": self.whip_wrong_keys,
            "WHIP offers in a flood": self.whip_flood,
            "broken WHIP offers": self.whip_broken,
            "two hundred viewers at once": self.crowd,
        }

    async def act(self) -> None:
        name = self._chance.choice(list(self.acts))
        done = self._journal.begin(name, (STRANGERS,), 0.0)
        try:
            await self.acts[name]()
        except TimeoutError:
            self._fail(f"{name}: no answer in time")
        except (aiohttp.ClientError, OSError) as error:
            self._journal.note(STRANGERS, f"{name}: {error!r}")  # they are not owed an answer
        finally:
            self._journal.over(done)

    def _fail(self, text: str) -> None:
        if self._server.up.is_set():
            self._journal.fail(STRANGERS, text)

    def _address(self) -> str:
        """The next stranger's."""
        self._number += 1
        return f"127.9.{self._number // 250 % 250}.{self._number % 250 + 1}"

    @asynccontextmanager
    async def _connected(self, port: int, address: str | None = None) -> AsyncIterator[Streams]:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, local_addr=(address or self._address(), 0), limit=1 << 20
        )
        try:
            yield reader, writer
        finally:
            writer.transport.abort()

    async def _is_let_go(self, reader: asyncio.StreamReader, seconds: float, what: str) -> bytes:
        """Read to the end, which comes in time; all that was answered."""
        try:
            async with asyncio.timeout(seconds):
                return await reader.read()
        except TimeoutError:
            self._fail(f"{what} is still connected after {seconds:.0f} s")
        except ConnectionError:
            pass
        return b""

    async def _send(self, port: int, data: bytes, seconds: float, what: str) -> bytes:
        async with self._connected(port) as (reader, writer):
            with suppress(ConnectionError):
                writer.write(data)
                await writer.drain()
            return await self._is_let_go(reader, seconds, what)

    async def rtmp_garbage(self) -> None:
        port, size = self._server.rtmp_port, self._chance.randrange(1, 60_000)
        for data in (os.urandom(size), b"\x03" + os.urandom(1536 + size), b"GET / HTTP/1.1\r\n\r\n", b"\x03" * size):
            await self._send(port, data, OUT_OF_TIME, f"garbage {data[:8]!r}")

    async def rtmp_half_open(self) -> None:
        async with AsyncExitStack() as stack:
            opened = [await stack.enter_async_context(self._connected(self._server.rtmp_port)) for _ in range(60)]
            await asyncio.gather(*(self._is_let_go(reader, OUT_OF_TIME, "a silent publisher") for reader, _ in opened))

    async def rtmp_slow(self) -> None:
        await self._dribble(self._server.rtmp_port, b"\x03", bytes(1536), "a handshake of a byte a second")

    async def _dribble(self, port: int, head: bytes, data: bytes, what: str) -> None:
        """`head` at once, then a byte a second, until it is let go."""
        async with self._connected(port) as (reader, writer), asyncio.TaskGroup() as tasks:
            writer.write(head)
            ending = tasks.create_task(self._is_let_go(reader, LET_GO, what))
            for byte in data:
                if ending.done():
                    break
                with suppress(ConnectionError):
                    writer.write(bytes([byte]))
                await asyncio.wait([ending], timeout=1)

    async def rtmp_wrong_keys(self) -> None:
        for number in range(40):
            async with self._publisher(f"guess-{number}") as (publisher, _):
                if publisher.state is State.PUBLISHING:
                    self._fail("a guessed stream key opened a channel")

    async def rtmp_message_flood(self) -> None:
        """With a good key: as many small messages as go through, for a few seconds."""
        command = (sys.executable, "-m", "soak.flood", self._server.rtmp, key_of("flooded"), str(FLOOD))
        process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
        try:
            await asyncio.wait_for(process.wait(), FLOOD + OUT_OF_TIME)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    @asynccontextmanager
    async def _publisher(self, key: str) -> AsyncIterator[tuple[RtmpPublisher, asyncio.StreamWriter]]:
        """Someone who asked to publish, and was answered."""
        publisher = RtmpPublisher(Address.decode(self._server.rtmp, key), os.urandom(RANDOM))
        async with self._connected(self._server.rtmp_port, "127.8.0.1") as (reader, writer):
            while publisher.state not in (State.PUBLISHING, State.ENDED):
                with suppress(ConnectionError):
                    writer.write(publisher.data_to_send())
                async with asyncio.timeout(OUT_OF_TIME):
                    data = await reader.read(1 << 16)
                if data:
                    publisher.receive_data(data)
                else:
                    publisher.receive_eof()
            yield publisher, writer

    async def http_nonsense(self) -> None:
        port = self._server.http_port
        heads = (
            os.urandom(self._chance.randrange(1, 5000)) + b"\r\n\r\n",
            b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
            b"POST /api/channels HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"GET /hls/steady/index.m3u8 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nGET /",
            b"GET /hls/%00/../../etc/passwd HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            b"PUT /whip/steady HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        )
        for head in heads:
            answer = await self._send(port, head, OUT_OF_TIME, f"{head[:30]!r}")
            if answer.startswith(b"HTTP/1.1 5"):
                self._fail(f"{head[:60]!r} is answered {answer[:100]!r}")

    async def http_slow_heads(self) -> None:
        head = b"GET /hls/steady/index.m3u8 HTTP/1.1\r\nHost: localhost\r\n" + b"X-Y: z\r\n" * 50
        await asyncio.gather(*(self._dribble(self._server.http_port, b"", head, "a slow head") for _ in range(20)))

    async def http_slow_bodies(self) -> None:
        """Of requests that are allowed: of a command, and of an offer with a good key."""
        heads = [
            f"POST /api/channels/flooded/cues HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\n",
            "POST /whip/flooded HTTP/1.1\r\nHost: a\r\nContent-Type: application/sdp\r\n"
            "Authorization: Bearer flooded-stream-key\r\n",
        ]
        sent = [head.encode() + b"Content-Length: 60000\r\n\r\n" for head in heads]
        await asyncio.gather(
            *(
                self._dribble(self._server.http_port, head, b" " * 60_000, "a slow body")
                for head in sent
                for _ in range(5)
            )
        )

    async def http_unread(self) -> None:
        """They ask for all the media that there are, again and again, and take nothing."""
        async with self._server.http.get(f"{self._server.address}/hls/steady/270p/index.m3u8") as response:
            names = [line for line in (await response.text()).splitlines() if line.endswith(".m4s")]
        asked = b"".join(f"GET /hls/steady/270p/{name} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for name in names)
        async with AsyncExitStack() as stack:
            for _ in range(20):
                _, writer = await stack.enter_async_context(self._connected(self._server.http_port))
                writer.write(3 * asked)
            await asyncio.sleep(10)

    async def http_odd_playlists(self) -> None:
        base = f"{self._server.address}/hls/steady/270p/"
        for name in (
            "index.m3u8?_HLS_msn=-1",
            "index.m3u8?_HLS_msn=99999999999999999999",
            "index.m3u8?_HLS_part=3",
            "index.m3u8?_HLS_msn=0&_HLS_msn=1",
            "index.m3u8?_HLS_msn=abc",
            "nothing.m4s",
            "../270p/index.m3u8",
        ):
            async with asyncio.timeout(OUT_OF_TIME), self._server.http.get(base + name) as response:
                if response.status >= 500:
                    self._fail(f"{name} is answered {response.status}")

    async def wrong_tokens(self) -> None:
        address = f"{self._server.address}/api/channels/steady/cues"
        async with self._session() as http:
            for number in range(200):
                headers = {"Authorization": f"Bearer guess-{number}"}
                async with http.post(address, json={"action": "clear"}, headers=headers) as response:
                    if response.status not in (401, 429):
                        self._fail(f"a guessed token is answered {response.status}")

    async def whip_wrong_keys(self) -> None:
        await self._offer_all(150, "steady", "guess", self._offer, {401, 429})

    async def whip_flood(self) -> None:
        """Good offers with a good key: each opens a session, takes over from the one before, and never connects."""
        await self._offer_all(150, "flooded", "flooded-stream-key", self._offer, {201, 409, 429, 503})

    async def whip_broken(self) -> None:
        chance, lines = self._chance, self._offer.splitlines()
        for _ in range(30):
            kept = [line for line in lines if chance.random() > 0.1]
            chance.shuffle(kept)
            kept = [*kept[: chance.randrange(len(kept))], chance.choice(("", "v=0", "m=video", "a=" * 9))]
            broken = "\r\n".join(kept)
            await self._offer_all(1, "flooded", "flooded-stream-key", broken, {201, 400, 409, 422, 429, 503})

    async def _offer_all(self, count: int, channel: str, key: str, offer: str, wanted: set[int]) -> None:
        """All at once, from ten addresses."""
        url = f"{self._server.address}/whip/{channel}?takeover=1"
        headers = {"Content-Type": "application/sdp", "Authorization": f"Bearer {key}"}
        async with AsyncExitStack() as stack:
            sessions = [await stack.enter_async_context(self._session()) for _ in range(min(10, count))]

            async def post(number: int) -> None:
                async with (
                    asyncio.timeout(OUT_OF_TIME),
                    sessions[number % len(sessions)].post(url, data=offer, headers=headers) as response,
                ):
                    if response.status not in wanted:
                        self._fail(f"an offer is answered {response.status}: {await response.text()}")
                    self._journal.counts[f"offers answered {response.status}"] += 1

            await asyncio.gather(*(post(number) for number in range(count)))

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[aiohttp.ClientSession]:
        connector = aiohttp.TCPConnector(local_addr=(self._address(), 0), limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:
            yield session

    async def crowd(self) -> None:
        """Each on a connection of its own reads the playlists and waits for the next segment, and goes."""
        base = f"{self._server.address}/hls/steady/"
        connector = aiohttp.TCPConnector(local_addr=(self._address(), 0), limit=0, force_close=True)
        async with aiohttp.ClientSession(connector=connector) as http:

            async def fetch(name: str) -> str:
                async with asyncio.timeout(OUT_OF_TIME), http.get(base + name) as response:
                    if response.status != 200:
                        self._fail(f"a viewer among many is answered {response.status}")
                    return await response.text()

            async def visit() -> None:
                await fetch("index.m3u8")
                text = await fetch("270p/index.m3u8")
                msn = int(text.partition("#EXT-X-MEDIA-SEQUENCE:")[2].partition("\n")[0]) + text.count("#EXTINF")
                await fetch(f"270p/index.m3u8?_HLS_msn={msn}")

            await asyncio.gather(*(visit() for _ in range(200)))
