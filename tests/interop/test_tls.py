"""Publishing behind TLS: the server's own, and nginx with the configuration that we ship."""

import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme
from aiohttp import ClientSession, TCPConnector
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.async_api import Page, async_playwright, expect

from tests.interop.conftest import KEY, PATIENCE, TOKEN, configuration, until_state, vitrine
from tests.interop.nginx import Nginx, nginx
from tests.interop.test_chromium import CHROMIUM
from vitrine.ingest.whip.resource import MAX_BODY
from vitrine.server.serve import Running, running

FILMS = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


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


def pinned(certificate: Path) -> str:
    """Chromium's option to trust this certificate and no other that it would not."""
    key = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    digest = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    return f"--ignore-certificate-errors-spki-list={base64.b64encode(digest).decode()}"


@asynccontextmanager
async def studio(url: str, certificate: Path, complaints: list[str]) -> AsyncIterator[Page]:
    """The studio in a Chromium that trusts the certificate, as if its authority were installed."""
    profile = certificate.parent / "profile"
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            str(profile),
            executable_path="/usr/bin/chromium",
            args=[*CHROMIUM, *FILMS, pinned(certificate)],
            base_url=url,
        )
        await context.grant_permissions(["camera", "microphone"])
        page = await context.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(f"/studio/show#token={TOKEN}")
        yield page
        await context.close()


async def go_live(page: Page) -> None:
    await page.get_by_role("button", name="Go live").click()
    await page.get_by_role("dialog").get_by_role("button", name="Go live").click()


async def stop(page: Page) -> None:
    await page.get_by_role("button", name="Stop").click()
    await page.get_by_role("dialog").get_by_role("button", name="Stop").click()


async def test_a_host_goes_live_on_the_servers_own_https(secured: Running, authority: Path, tmp_path: Path) -> None:
    complaints: list[str] = []
    async with (
        studio(f"https://127.0.0.1:{secured.https_port}", tmp_path / "chain.pem", complaints) as page,
        ClientSession(f"http://127.0.0.1:{secured.http_port}") as http,
    ):
        assert await page.evaluate("isSecureContext")
        await go_live(page)
        await until_state(http, "live")
        await expect(page.locator("#latency")).to_contain_text("s behind", timeout=PATIENCE * 1000)
        assert KEY not in page.url
        await stop(page)
        await until_state(http, "ended")
    assert complaints == []


async def test_a_host_goes_live_through_nginx(front: Nginx, http: ClientSession, tmp_path: Path) -> None:
    complaints: list[str] = []
    async with studio(front.url, tmp_path / "nginx" / "fullchain.pem", complaints) as page:
        await go_live(page)
        await until_state(http, "live")
        await expect(page.locator("#air-word")).to_have_text("On air")
        await expect(page.locator("#latency")).to_contain_text("s behind", timeout=PATIENCE * 1000)
        await stop(page)
        ended = await until_state(http, "ended")
    assert ended["reason"] == "the publisher stopped"  # the DELETE came through
    assert complaints == []


async def test_push_by_https_trusts_what_it_is_told_to(secured: Running, authority: Path, show: Path) -> None:
    url = f"https://127.0.0.1:{secured.https_port}/whip/show"
    async with ClientSession(f"http://127.0.0.1:{secured.http_port}") as http:
        async with vitrine("push", show, url, "--key", KEY) as push:
            status, errors = await push.ended()
        assert status == 1
        assert "certificate" in errors.lower()
        async with vitrine("push", show, url, "--key", KEY, "--ca", authority) as push:
            await until_state(http, "live")
            assert (await push.ended())[0] == 0
        async with vitrine("push", show, url, "--key", KEY, "--ca", show) as push:
            status, errors = await push.ended()
        assert (status, "has no certificates to trust" in errors) == (1, True)


async def test_push_through_nginx(front: Nginx, http: ClientSession, show: Path) -> None:
    async with vitrine("push", show, f"{front.url}/whip/show", "--key", KEY, "--ca", front.authority) as push:
        await until_state(http, "live")
        assert (await push.ended())[0] == 0
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
