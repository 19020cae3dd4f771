"""Debian's nginx with the configuration that we ship, in front of an origin."""

import asyncio
import os
import shutil
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

SHIPPED = Path(__file__).resolve().parents[2] / "deploy" / "nginx"
STARTING_TIME = 10.0

MODULES = Path("/usr/lib/nginx/modules")
LUA = tuple(MODULES / name for name in ("ndk_http_module.so", "ngx_http_lua_module.so"))

AROUND = """
{modules}
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/vitrine.conf;
}}
"""


@dataclass(frozen=True)
class Nginx:
    port: int
    authority: Path

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.authority))


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def configure(folder: Path, origin_port: int, port: int, crowd: bool) -> None:
    """The shipped files, with nothing changed but places: addresses, folders, and a certificate made for the test.

    `crowd`: with what is for thousands of viewers.
    """
    changes = {
        "127.0.0.1:8080": f"127.0.0.1:{origin_port}",
        "listen 443 ssl http2": f"listen 127.0.0.1:{port} ssl http2",
        "    listen [::]:443 ssl http2;\n": "",
        "/etc/letsencrypt/live/live.example.com": str(folder),
        "/var/cache/nginx/vitrine": f"{folder}/cache",
        "/etc/nginx/": f"{folder}/",
    }
    folder.mkdir()
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate.cert_chain_pems[0].write_to_path(folder / "fullchain.pem")
    certificate.private_key_pem.write_to_path(folder / "privkey.pem")
    text = (SHIPPED / "vitrine.conf").read_text()
    for place, here in changes.items():
        assert place in text
        text = text.replace(place, here)
    (folder / "vitrine.conf").write_text(text)
    for file in SHIPPED.glob("vitrine-*.conf"):
        (folder / file.name).write_text(file.read_text().replace("/etc/nginx/", f"{folder}/"))
    if crowd:
        shutil.copytree(SHIPPED / "vitrine-crowd", folder / "vitrine-crowd")
    modules = "".join(f"load_module {module};" for module in LUA) if crowd else ""
    user = "user root;" if os.geteuid() == 0 else ""  # else its workers were `nobody`, who may not enter our folder
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user, modules=modules))


@asynccontextmanager
async def nginx(folder: Path, origin_port: int, *, crowd: bool = False) -> AsyncIterator[Nginx]:
    """Runs while the block does. `folder` is new."""
    port = free_port()
    configure(folder, origin_port, port, crowd)
    process = await asyncio.create_subprocess_exec(
        "nginx", "-e", str(folder / "error.log"), "-p", str(folder), "-c", str(folder / "nginx.conf")
    )
    try:
        await _until_it_listens(port, process, folder)
        yield Nginx(port, folder / "ca.pem")
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _until_it_listens(port: int, process: asyncio.subprocess.Process, folder: Path) -> None:
    async with asyncio.timeout(STARTING_TIME):
        while True:
            assert process.returncode is None, (folder / "error.log").read_text()
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                await writer.wait_closed()
                return
