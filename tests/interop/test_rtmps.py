"""RTMP inside TLS: where a certificate is configured, with real clients."""

from pathlib import Path

import pytest
import trustme
from aiohttp import ClientSession

from tests.interop.conftest import KEY, configuration, program, until_state, vitrine
from vitrine.media.errors import ConfigError
from vitrine.server.serve import running


def certificate(folder: Path) -> dict[str, str]:
    """A certificate for 127.0.0.1 that no system trusts, as the configuration names it."""
    issued = trustme.CA().issue_cert("127.0.0.1")
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(key)
    return {"certificate": str(chain), "certificate_key": str(key)}


async def test_ffmpeg_publishes_by_rtmps(tmp_path: Path, show: Path) -> None:
    async with running(configuration(tmp_path, **certificate(tmp_path))) as server:
        url = f"rtmps://127.0.0.1:{server.rtmps_port}/live/{KEY}"
        command = ("ffmpeg", "-v", "error", "-re", "-i", show, "-c", "copy", "-f", "flv", url)
        async with (
            ClientSession(f"http://127.0.0.1:{server.http_port}") as http,
            program(*command) as ffmpeg,
        ):
            await until_state(http, "live")
            assert (await ffmpeg.ended())[0] == 0


async def test_push_does_not_trust_a_certificate_that_nobody_signed(tmp_path: Path, show: Path) -> None:
    async with running(configuration(tmp_path, **certificate(tmp_path))) as server:
        url = f"rtmps://127.0.0.1:{server.rtmps_port}/live"
        async with vitrine("push", show, url, "--key", KEY) as push:
            status, errors = await push.ended()
    assert status == 1
    assert "certificate" in errors.lower()
    assert "Traceback" not in errors


async def test_a_certificate_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    missing = configuration(
        tmp_path, certificate=str(tmp_path / "none.pem"), certificate_key=str(tmp_path / "none.key")
    )
    with pytest.RaisesGroup(pytest.RaisesExc(ConfigError, match=r"none\.pem cannot be used")):
        async with running(missing):
            pass
