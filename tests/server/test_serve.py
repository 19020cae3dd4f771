"""A server that cannot start leaves the show of the one before it as it found it."""

import asyncio
import socket
from pathlib import Path

import msgspec
import pytest

from tests.server.kept import BROADCAST, Show
from vitrine.ingest.whip.pool import PeerPool
from vitrine.ingest.whip.settings import PeerSettings
from vitrine.media.errors import ConfigError
from vitrine.server.config import Channel, Config, Server
from vitrine.server.index import FILE_NAME, Index
from vitrine.server.lock import locked
from vitrine.server.segment_files import FOLDER
from vitrine.server.serve import running
from vitrine.server.transcoder import Transcoder
from vitrine.transcode.events import WorkerDied


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of a show that is kept in the data folder `tmp_path`."""
    show = Show(tmp_path / "show" / BROADCAST)
    show.play(5)
    show.killed()
    return tmp_path / "show" / BROADCAST / FOLDER


def configuration(data: Path, **server: str) -> Config:
    addresses = dict.fromkeys(("http", "https", "rtmp", "rtmps"), "127.0.0.1:0")
    return Config(
        server=msgspec.convert({**addresses, "data": str(data), "api_token": "token", **server}, Server),
        channels={"show": Channel(stream_key="key")},
    )


def files(folder: Path) -> dict[str, bytes]:
    return {str(each): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


@pytest.mark.parametrize("name", ["http", "rtmp"])
async def test_a_taken_port_changes_nothing_of_a_kept_show(folder: Path, tmp_path: Path, name: str) -> None:
    before = files(folder)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        config = configuration(tmp_path, **{name: f"127.0.0.1:{taken.getsockname()[1]}"})
        with pytest.RaisesGroup(pytest.RaisesExc(ConfigError, match="Cannot listen")):
            async with running(config):
                pass
    assert files(folder) == before


async def test_a_certificate_that_cannot_be_read_changes_nothing_of_a_kept_show(folder: Path, tmp_path: Path) -> None:
    before = files(folder)
    none = str(tmp_path / "none.pem")
    with pytest.RaisesGroup(pytest.RaisesExc(ConfigError, match="cannot be used")):
        async with running(configuration(tmp_path, certificate=none, certificate_key=none)):
            pass
    assert files(folder) == before


async def test_a_second_server_changes_nothing_of_the_first_ones_show(folder: Path, tmp_path: Path) -> None:
    (folder / "360p" / "of-a-moment.m4s.part").write_bytes(b"being written")
    with locked(tmp_path):
        before = files(folder)
        with pytest.RaisesGroup(pytest.RaisesExc(ConfigError, match="Another server works in the data folder")):
            async with running(configuration(tmp_path)):
                pass
    assert files(folder) == before


class BugError(Exception):
    pass


async def test_a_bug_of_the_server_ends_no_kept_show(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PeerPool, "start", start_none)
    with pytest.RaisesGroup(BugError):
        async with running(configuration(tmp_path)) as server:
            assert server.registry.streams("show"), "it was gone on with"
            raise BugError
    assert Index.decode((folder / FILE_NAME).read_bytes()).ended is None


async def test_what_is_cancelled_is_not_over(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a bug in any task of the server cancels all others."""
    begun = asyncio.Event()

    async def launch(_: Transcoder) -> None:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(PeerPool, "start", start_none)
    monkeypatch.setattr(Transcoder, "launch", launch)
    async with running(configuration(tmp_path)) as server:
        [show] = server.registry._shows
        await begun.wait()
        show.cancel()
        await asyncio.wait([show])
    assert Index.decode((folder / FILE_NAME).read_bytes()).ended is None


async def test_a_transcoder_that_is_stopped_with_its_server_ends_no_show(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a service manager may that signals all processes at once."""
    monkeypatch.setattr(PeerPool, "start", start_none)
    async with running(configuration(tmp_path)) as server:
        broadcast = server.registry._places["show"].public.broadcast
        assert broadcast is not None
        broadcast.suspend()
        broadcast._on_worker(WorkerDied(-15, "The transcoder ended by signal SIGTERM"))
    assert Index.decode((folder / FILE_NAME).read_bytes()).ended is None


async def start_none(settings: PeerSettings) -> PeerPool:
    """A pool without its process: nobody publishes."""
    return PeerPool(settings)
