"""Commands within a publisher's stream, from its socket to the frame that they came with."""

from collections.abc import Sequence
from fractions import Fraction

import pytest

from tests.ingest.rtmp.recorder import HOST
from tests.ingest.rtmp.wire import AUDIO, AVC_CONFIG
from tests.server.test_session import Owner
from vitrine.ingest.publish import PublishRequest
from vitrine.ingest.rtmp.peer import RtmpPeer
from vitrine.ingest.rtmp.server import RtmpServer
from vitrine.media.access_unit import AccessUnit
from vitrine.media.grid import RATES, Grid
from vitrine.media.ticks import rescale
from vitrine.media.track import Codec, VideoTrack
from vitrine.overlay.clock import Clock
from vitrine.overlay.in_band import parse_in_band
from vitrine.server.session import Session

TIMESCALE = 90_000
PICTURE = (6).to_bytes(4, "big") + b"\x65image"


class Listener(Owner):
    """A broadcast that notes products by the frame that they are for."""

    def __init__(self, rate: Fraction) -> None:
        super().__init__()
        self.clock = Clock(Grid(rate), 0)
        self.shown: dict[int, tuple[str, ...]] = {}

    def data(self, session: Session, name: str, values: Sequence[object], programme: Fraction) -> None:
        command = parse_in_band(name, values)
        if command is not None:
            self.shown[self.clock.nearest(programme)] = command.products


class Publications:
    def __init__(self, owner: Listener) -> None:
        self.owner = owner

    def check(self, request: PublishRequest) -> None: ...

    check_key = check

    def publish(self, request: PublishRequest) -> Session:
        return Session(request, self.owner, Fraction)


def pictures(rate: Fraction, count: int) -> list[tuple[int, AccessUnit]]:
    """(frame, unit) in decode order, from an hour on: every second picture is shown after the next."""
    grid, delay = Grid(rate), 3600 * TIMESCALE
    order = [0, *(index + 1 if index % 2 else index - 1 for index in range(1, count))]
    return [
        (frame, AccessUnit(1, delay + grid.tick(index), delay + grid.tick(frame + 2), frame == 0, PICTURE))
        for index, frame in enumerate(order)
    ]


@pytest.mark.parametrize("rate", RATES)
async def test_a_cue_point_is_for_the_frame_that_it_was_sent_with(rate: Fraction) -> None:
    """Stamps are whole milliseconds, pictures come out of order, and the first cue points before the gate opens."""
    owner = Listener(rate)
    server = RtmpServer(Publications(owner))
    port = await server.listen(HOST, 0)
    sent = {}
    async with await RtmpPeer.connect(f"rtmp://{HOST}:{port}/live", "key") as publisher:
        publisher.add_track(VideoTrack(1, Codec.H264, TIMESCALE, AVC_CONFIG, 160, 120, rate=rate))
        publisher.add_track(AUDIO)
        for frame, unit in pictures(rate, 61):
            await publisher.push(unit)
            if frame % 30 == 0 or frame == 3:
                sent[frame] = (f"👗 {frame}",)
                await publisher.send_data("onCuePoint", {"name": "x", "parameters": {"product": f"👗 {frame}"}})
            if frame % 30 == 7:
                sent[frame + 5] = ("ahead",)
                stamp = rescale(unit.pts + Grid(rate).tick(5), TIMESCALE, 1000)
                await publisher.send_data("onTextData", {"text": "product:ahead"}, stamp)
                await publisher.send_data("onTextData", {"text": "a caption"})
    await server.close()
    assert owner.told[-1] == "the publisher stopped"
    assert owner.shown == sent
