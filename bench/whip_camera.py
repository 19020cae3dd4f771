"""`python -m bench.whip_camera CLIP URL KEY [--loss 0.05]`: publishes a clip by WHIP like a camera, again and again.

The clip is MPEG-TS with H.264 and Opus (`bench.whip_clip`); its packets are sent as they are, by aiortc. Prints "live"
when connected. Requests for keyframes are ignored, as OBS does.
"""

import argparse
import asyncio
from fractions import Fraction
from typing import Any

import aiohttp
import aioice.ice
import aiortc.rtcrtpsender
import av
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription

from bench.whip_relay import LossyRelay, loopback_port, with_only_candidate, without_candidates

HISTORY = 4_000
"""Packets that can be sent again, as in OBS; aiortc keeps 128, less than a keyframe."""

FRAME = Fraction(1, 30)


class Clip:
    """Packets of both streams, dated from 0."""

    def __init__(self, path: str) -> None:
        self.packets: dict[str, list[tuple[Fraction, bytes]]] = {"video": [], "audio": []}
        with av.open(path) as container:
            for packet in container.demux():
                if packet.pts is not None:
                    at = Fraction(packet.pts * packet.time_base)
                    self.packets[packet.stream.type].append((at, bytes(packet)))
        first = min(packets[0][0] for packets in self.packets.values())
        for kind, packets in self.packets.items():
            self.packets[kind] = [(at - first, data) for at, data in packets]
        self.seconds = len(self.packets["video"]) * FRAME


class Track(MediaStreamTrack):
    def __init__(self, clip: Clip, kind: str, begin: asyncio.Future[float]) -> None:
        self.kind = kind
        super().__init__()
        self._clip = clip
        self._begin = begin
        self._index = 0

    async def recv(self) -> "av.Packet[Any]":
        loop = asyncio.get_running_loop()
        if not self._begin.done():
            self._begin.set_result(loop.time())
        packets = self._clip.packets[self.kind]
        turn, index = divmod(self._index, len(packets))
        self._index += 1
        at, data = packets[index]
        at += turn * self._clip.seconds
        await asyncio.sleep(max(0.0, self._begin.result() + float(at) - loop.time()))
        packet: av.Packet[Any] = av.Packet(data)
        packet.time_base = Fraction(1, 720_000)
        packet.pts = round(at * 720_000)
        return packet


async def film(path: str, url: str, key: str, loss: float, delay: float) -> None:
    clip = Clip(path)
    connection = RTCPeerConnection(RTCConfiguration([]))
    begin: asyncio.Future[float] = asyncio.get_running_loop().create_future()
    for kind in ("audio", "video"):
        connection.addTrack(Track(clip, kind, begin))
    video = next(each for each in connection.getTransceivers() if each.kind == "video")
    codecs = RTCRtpSender.getCapabilities("video").codecs
    video.setCodecPreferences([each for each in codecs if each.name.lower() in ("h264", "rtx")])
    connected = asyncio.Event()

    @connection.on("connectionstatechange")
    def changed() -> None:
        if connection.connectionState == "connected":
            connected.set()

    await connection.setLocalDescription(await connection.createOffer())
    headers = {"Content-Type": "application/sdp", "Authorization": f"Bearer {key}"}
    offer = without_candidates(connection.localDescription.sdp)
    async with aiohttp.ClientSession() as session, session.post(url, data=offer, headers=headers) as response:
        answer = await response.text()
        if response.status != 201:
            raise SystemExit(f"{response.status}: {answer}")
    relay = LossyRelay(loss, delay)
    port = await relay.start(("127.0.0.1", loopback_port(answer)))
    await connection.setRemoteDescription(RTCSessionDescription(with_only_candidate(answer, port), "answer"))
    await connected.wait()
    print("live", flush=True)
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip")
    parser.add_argument("url")
    parser.add_argument("key")
    parser.add_argument("--loss", type=float, default=0.0)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds one way")
    given = parser.parse_args()
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]
    vars(aiortc.rtcrtpsender)["RTP_HISTORY_SIZE"] = HISTORY
    asyncio.run(film(given.clip, given.url, given.key, given.loss, given.delay))


if __name__ == "__main__":
    main()
