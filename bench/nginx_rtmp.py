"""Today's usual live set-up, to compare with: nginx-rtmp-module writes HLS, nginx serves it, hls.js plays it.

As the widespread guides to it have it: `hls_fragment 3` and a playlist of 60 s; the module's own 5 s and 30 s
are later still. hls.js has its defaults. There is no ladder: the publisher's stream is served as it came, which spares
this set-up the time that transcoding takes.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.served import STARTING_TIME, child, free_port

KEY = "show"
MODULE = Path("/usr/lib/nginx/modules/ngx_rtmp_module.so")
HLS_JS = Path(__file__).resolve().parent.parent / "vitrine/origin/pages/vendor/hls.min.js"

CONFIG = """
load_module {module};
daemon off; worker_processes 1; pid {folder}/nginx.pid; {user}
events {{ worker_connections 1024; }}
rtmp {{
    server {{
        listen 127.0.0.1:{rtmp};
        application live {{
            live on;
            hls on;
            hls_path {folder}/hls;
            hls_fragment 3;
            hls_playlist_length 60;
        }}
    }}
}}
http {{
    access_log off; sendfile on; tcp_nopush on;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    types {{ text/html html; text/javascript js; application/vnd.apple.mpegurl m3u8; video/mp2t ts; }}
    server {{
        listen 127.0.0.1:{http};
        root {folder};
        location /hls {{ add_header Cache-Control no-cache; }}
    }}
}}
"""

PAGE = """<!doctype html>
<video id="video" muted autoplay controls width="800"></video>
<script src="hls.min.js"></script>
<script src="play.js"></script>
"""

PLAY = f"""
const hls = new Hls();
hls.loadSource("hls/{KEY}.m3u8");
hls.attachMedia(document.getElementById("video"));
"""


@dataclass(frozen=True)
class Usual:
    """An nginx that runs: where to publish and what to open."""

    rtmp: str
    page: str
    playlist: Path

    async def segments(self, count: int) -> None:
        """Return once the playlist lists so many."""
        async with asyncio.timeout(STARTING_TIME + 10 * count):
            while not self.playlist.exists() or self.playlist.read_text().count("#EXTINF") < count:  # noqa: ASYNC110
                await asyncio.sleep(0.02)


@asynccontextmanager
async def usual(folder: Path) -> AsyncIterator[Usual]:
    """Runs while the block does. `folder` is new."""
    rtmp, http = free_port(), free_port()
    (folder / "hls").mkdir(parents=True)
    shutil.copy(HLS_JS, folder)
    (folder / "index.html").write_text(PAGE)
    (folder / "play.js").write_text(PLAY)
    user = "user root;" if os.geteuid() == 0 else ""
    config = CONFIG.format(module=MODULE, folder=folder, user=user, rtmp=rtmp, http=http)
    (folder / "nginx.conf").write_text(config)
    async with child("nginx", "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"):
        await _until_it_listens(rtmp)
        yield Usual(f"rtmp://127.0.0.1:{rtmp}/live", f"http://127.0.0.1:{http}/index.html", folder / f"hls/{KEY}.m3u8")


async def _until_it_listens(port: int) -> None:
    async with asyncio.timeout(STARTING_TIME):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                await writer.wait_closed()
                return
