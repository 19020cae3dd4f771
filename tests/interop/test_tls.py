"""Publishing behind TLS: the server's own, and nginx with the configuration that we ship."""

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path

import pytest
import trustme
from aiohttp import ClientSession, TCPConnector
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.async_api import Page, async_playwright, expect

from bench.chromium import ARGUMENTS, EXECUTABLE, FILMS
from tests.interop.conftest import KEY, PATIENCE, TOKEN, configuration, state_of, until_state, vitrine
from tests.interop.nginx import Nginx, nginx
from tests.interop.obs.publisher import obs
from vitrine.ingest.sample.show import SampleShow
from vitrine.ingest.sample.write import write_sample
from vitrine.ingest.whip.resource import MAX_BODY
from vitrine.server.serve import Running, running


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """Whose certificate for 127.0.0.1 the server has; no system trusts it."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    (tmp_path / "chain.pem").write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    return tmp_path / "authority.pem"


@pytest.fixture
async def secured(tmp_path: Path, authority: Path) -> AsyncIterator[Running]:
    """A server with a certificate of its own."""
    paths = {"certificate": str(tmp_path / "chain.pem"), "certificate_key": str(tmp_path / "key.pem")}
    async with running(configuration(tmp_path / "data", **paths)) as server:
        yield server


@pytest.fixture
async def front(server: Running, tmp_path: Path) -> AsyncIterator[Nginx]:
    async with nginx(tmp_path / "nginx", server.http_port) as front:
        yield front


def pinned(*certificates: Path) -> str:
    """Chromium's option to trust these certificates and no other that it would not."""
    keys = [x509.load_pem_x509_certificate(each.read_bytes()).public_key() for each in certificates]
    digests = [
        hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest() for key in keys
    ]
    return "--ignore-certificate-errors-spki-list=" + ",".join(base64.b64encode(each).decode() for each in digests)


@asynccontextmanager
async def studios(profile: Path, *certificates: Path) -> AsyncIterator[Callable[[str], Awaitable[Page]]]:
    """Opens studios in a Chromium that trusts the certificates, as if their authorities were installed."""
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            str(profile), executable_path=EXECUTABLE, args=[*ARGUMENTS, *FILMS, pinned(*certificates)]
        )
        complaints: list[str] = []

        async def opened(url: str) -> Page:
            await context.grant_permissions(["camera", "microphone"], origin=url)
            page = await context.new_page()
            page.set_default_timeout(PATIENCE * 1000)
            page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            await page.goto(f"{url}/studio/show#token={TOKEN}")
            return page

        yield opened
        await context.close()
    expected = re.compile("404|409")  # a session that is gone already, a channel that is taken, a show that is over
    assert [each for each in complaints if not expected.search(each)] == []


async def go_live(page: Page) -> None:
    await page.get_by_role("button", name="Go live").click()
    await page.get_by_role("dialog").get_by_role("button", name="Go live").click()


async def stop(page: Page) -> None:
    await page.get_by_role("button", name="Stop").click()
    await page.get_by_role("dialog").get_by_role("button", name="Stop").click()


async def test_hosts_go_live_on_the_servers_own_https_and_through_nginx(
    secured: Running, authority: Path, tmp_path: Path
) -> None:
    own = f"https://127.0.0.1:{secured.https_port}"
    async with (
        nginx(tmp_path / "nginx", secured.http_port) as front,
        studios(tmp_path / "profile", tmp_path / "chain.pem", tmp_path / "nginx" / "fullchain.pem") as opened,
        ClientSession(f"http://127.0.0.1:{secured.http_port}") as http,
    ):
        first, second = await opened(own), await opened(front.url)
        assert await first.evaluate("isSecureContext")
        await go_live(first)
        await until_state(http, "live")
        for page in (first, second):
            await expect(page.locator("#latency")).to_contain_text("s behind", timeout=PATIENCE * 1000)
            assert KEY not in page.url
        await go_live(second)
        await second.get_by_role("dialog").get_by_role("button", name="Take over").click()
        await expect(first.locator("#again")).to_be_visible(timeout=PATIENCE * 1000)
        async with asyncio.timeout(PATIENCE):
            while await second.evaluate("studio.publisher.state") != "on":  # noqa: ASYNC110 - the page is asked
                await asyncio.sleep(0.05)
        await expect(second.locator("#air-word")).to_have_text("On air")
        await stop(second)
        await until_state(http, "ended")


async def test_push_by_https_trusts_what_it_is_told_to(secured: Running, authority: Path, tmp_path: Path) -> None:
    show = tmp_path / "short.mp4"
    write_sample(show, SampleShow(480, 270, Fraction(30), Fraction(3)))
    url = f"https://127.0.0.1:{secured.https_port}/whip/show"
    async with ClientSession(f"http://127.0.0.1:{secured.http_port}") as http:
        async with vitrine("push", show, url, "--key", KEY) as push:
            status, errors = await push.ended()
        assert status == 1
        assert "certificate" in errors.lower()
        async with vitrine("push", show, url, "--key", KEY, "--ca", authority) as push:
            assert (await push.ended())[0] == 0
        assert (await until_state(http, "ended"))["reason"] == "the publisher stopped"
        async with vitrine("push", show, url, "--key", KEY, "--ca", show) as push:
            status, errors = await push.ended()
        assert (status, "has no certificates to trust" in errors) == (1, True)


async def test_push_through_nginx(front: Nginx, http: ClientSession, show: Path) -> None:
    async with vitrine("push", show, f"{front.url}/whip/show", "--key", KEY, "--ca", front.authority) as push:
        await until_state(http, "live")
        assert (await push.ended())[0] == 0
    assert (await until_state(http, "ended"))["reason"] == "the publisher stopped"


def fragment(ufrag: str, password: str) -> bytes:
    """Candidates of a publisher that come later (RFC 8840)."""
    lines = (f"a=ice-ufrag:{ufrag}", f"a=ice-pwd:{password}", "m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=mid:0")
    return "\r\n".join((*lines, "a=candidate:1 1 udp 2130706431 192.0.2.7 50000 typ host", "")).encode()


async def test_a_live_session_is_patched_and_deleted_through_nginx(front: Nginx, http: ClientSession) -> None:
    async with ClientSession(front.url, connector=TCPConnector(ssl=front.context)) as client:
        async with obs(client, "/whip/show", KEY) as publisher:
            await until_state(http, "live")
            own, restart = fragment(*publisher.credentials), fragment("anew", "a-password-of-22-letters")
            asked = (
                (own, publisher.etag, 204),
                (own, '"stale"', 412),
                (own, None, 428),
                (restart, publisher.etag, 422),
            )
            for body, etag, status in asked:
                headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/trickle-ice-sdpfrag"}
                headers |= {} if etag is None else {"If-Match": etag}
                async with client.patch(publisher.path, data=body, headers=headers) as response:
                    assert response.status == status, await response.text()
            before = publisher.sent
            while publisher.sent < before + 50:  # noqa: ASYNC110 - it films in the meantime
                await asyncio.sleep(0.05)
            assert (await state_of(http))["state"] == "live"
        async with client.delete(publisher.path, headers={"Authorization": f"Bearer {KEY}"}) as response:
            assert response.status == 404  # the publisher's own had ended it
    assert (await until_state(http, "ended"))["reason"] == "the publisher stopped"


OFFER = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/sdp"}


async def test_nginx_passes_on_what_whip_needs(front: Nginx) -> None:
    async with ClientSession(front.url, connector=TCPConnector(ssl=front.context)) as client:
        async with client.options("/whip/show") as response:
            assert response.headers["Accept-Post"] == "application/sdp"
        cross = {"Origin": "https://shop.example", "Access-Control-Request-Method": "DELETE"}
        async with client.options("/whip/show/nobody", headers=cross) as response:
            assert {"PATCH", "DELETE"} <= set(response.headers["Access-Control-Allow-Methods"].split(", "))
        async with client.post("/whip/show", data=b"not SDP", headers=OFFER) as response:
            problem = await response.json(content_type=None)
            assert (response.status, response.content_type) == (400, "application/problem+json")
            assert problem["detail"]
        async with client.post("/whip/show", data=b"v=0", headers={**OFFER, "Authorization": "Bearer x"}) as response:
            assert response.status == 401
        async with client.post("/whip/show", data=b"x" * (MAX_BODY + 1), headers=OFFER) as response:
            assert response.status == 413
        for method in ("PATCH", "DELETE"):
            async with client.request(method, "/whip/show/nobody", headers=OFFER) as response:
                assert response.status == 404, method
