"""Segments that are read from disk, by both ways to them."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from threading import Event, Semaphore

import pytest
from aiohttp import ClientSession

from tests.origin.show import RENDITIONS, START_UTC_NS, Show, by_aiohttp, listening
from tests.origin.test_listener import PLAYLIST, connected, until
from vitrine.origin import files
from vitrine.origin.files import read_piece
from vitrine.origin.lent import DELIVERY_TIME
from vitrine.origin.listener import IDLE_TIME
from vitrine.origin.reply import FilePiece
from vitrine.origin.stream import LiveStream
from vitrine.packager.packager import Packager
from vitrine.server.segment_files import SegmentFiles

OLD = "/hls/show/720p/b1.1.m4s"


class OldShow(Show):
    """Seventy seconds of a show with ten minutes to go back."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.files = SegmentFiles(folder, "show")
        self.stream_now = LiveStream(Packager("b1", RENDITIONS, self.grid, START_UTC_NS, 600, store=self.files))
        self.play_large(12_000_000)
        for _ in range(35):  # a segment each
            self.play(60)
            self.files.wait()

    @property
    def oldest(self) -> Path:
        stored = self.files.find("720p", "b1.1.m4s")
        assert stored is not None
        return Path(stored.path)

    def close(self) -> None:
        self.files.close()
        self.files._thread.shutdown(wait=True)


@pytest.mark.parametrize("way", ["listener", "aiohttp"])
async def test_a_segment_comes_from_disk(tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "CHUNK", 100_000)
    show = OldShow(tmp_path)
    whole = show.oldest.read_bytes()
    async with AsyncExitStack() as stack:
        if way == "listener":
            _, port = await stack.enter_async_context(listening(show))
        else:
            port = await stack.enter_async_context(by_aiohttp(show))
        async with ClientSession(f"http://127.0.0.1:{port}") as client:
            async with client.get(OLD) as response:
                assert (response.status, response.content_type) == (200, "video/iso.segment")
                assert await response.read() == whole
                etag = response.headers["ETag"]
            async with client.head(OLD) as response:
                assert int(response.headers["Content-Length"]) == len(whole)
            async with client.get(OLD, headers={"If-None-Match": etag}) as response:
                assert response.status == 304
            for start, end in ((0, 0), (7, 2_500_000), (len(whole) - 1, len(whole) - 1)):
                async with client.get(OLD, headers={"Range": f"bytes={start}-{end}"}) as response:
                    assert (response.status, await response.read()) == (206, whole[start : end + 1])
            show.oldest.unlink()
            async with client.get(OLD) as response:
                assert response.status == 404
            async with client.get(PLAYLIST) as response:
                assert response.status == 200
    show.close()


async def test_a_slow_reader_holds_a_chunk_and_costs_nobody_anything(tmp_path: Path) -> None:
    show = OldShow(tmp_path)
    async with listening(show) as (origin, port), connected(port) as slow, connected(port) as other:
        slow.writer.transport.pause_reading()  # type: ignore[attr-defined]
        slow.get(OLD)
        slow.get(PLAYLIST)
        await until(lambda: any(each._sending for each in origin.connections))
        sender = next(each for each in origin.connections if each._sending)
        assert sender._wire.get_write_buffer_size() <= 2 * files.CHUNK
        other.get(OLD)
        assert (await other.answer())[0] == 200
        slow.writer.transport.resume_reading()  # type: ignore[attr-defined]
        assert [(await slow.answer())[0] for _ in range(2)] == [200, 200]
        other.get(OLD)
        other.writer.transport.abort()
        await until(lambda: len(origin.connections) == 1)
    show.close()


async def test_viewers_that_wait_for_a_slow_disk_keep_nobody_elses_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    show, awake, hangs = OldShow(tmp_path), Event(), Semaphore(0)

    def slow(piece: FilePiece) -> bytes:
        hangs.release()
        awake.wait(10)
        return read_piece(piece)

    monkeypatch.setattr(files, "read_piece", slow)
    async with listening(show) as (_, port), AsyncExitStack() as stack:
        viewers = [await stack.enter_async_context(connected(port)) for _ in range(40)]
        for viewer in viewers:
            viewer.get(OLD)
        async with asyncio.timeout(10):
            for _ in range(files.THREADS):
                await asyncio.to_thread(hangs.acquire)
        assert not awake.is_set()
        awake.set()
    show.close()


async def test_a_file_has_its_minute_however_many_chunks_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    show = OldShow(tmp_path)
    async with listening(show) as (origin, port), connected(port) as slow:
        monkeypatch.setattr(origin, "now", lambda: now)
        slow.writer.transport.pause_reading()  # type: ignore[attr-defined]
        slow.get(OLD)
        await until(lambda: any(each._sending for each in origin.connections))
        [connection] = origin.connections
        assert connection.deadline == 1000 + DELIVERY_TIME
        now += DELIVERY_TIME - 1
        connection.resume_writing()  # it has taken a chunk
        connection.pause_writing()
        assert connection.deadline == 1000 + DELIVERY_TIME
        slow.writer.transport.resume_reading()  # type: ignore[attr-defined]
        await slow.answer()
        await until(lambda: not connection._busy)
        assert connection.deadline == now + IDLE_TIME
    show.close()
