"""Stream keys that are guessed as fast as it goes, beside a publisher that has the right one."""

import asyncio

from tests.ingest.rtmp.recorder import HOST, Channels, Recorder
from tests.ingest.rtmp.wire import AUDIO, VIDEO, Pair, capture, units
from vitrine.ingest.publish import Doorman, PublishRequest
from vitrine.ingest.rtmp.server import RtmpServer
from vitrine.media.backoff import FREE_TRIES

GUESSES = 120
WRONG = capture(1, address="rtmp://host/live/guess")
KEYS = (("show", "key"),)


class Guarded(Channels):
    """Asks a doorman first, as the server does. All guesses come within one instant."""

    def __init__(self) -> None:
        super().__init__()
        self.doorman = Doorman()
        self.asked = 0

    def publish(self, request: PublishRequest) -> Recorder:
        self.asked += 1
        self.doorman.channel_for_key(request.key, "198.51.100.1" if request.key != "key" else HOST, KEYS, 100.0)
        return super().publish(request)


async def test_guesses_are_soon_not_heard_and_disturb_no_publisher() -> None:
    channels = Guarded()
    rtmp = RtmpServer(channels, waits=lambda _address, _now: channels.doorman.backoff.wait("198.51.100.1", 100.0))
    port = await rtmp.listen(HOST, 0)
    publisher = Pair()
    publisher.publish((VIDEO, AUDIO))
    heard = len(publisher.sent)
    for unit in units():
        publisher.client.push(unit)
    publisher.client.close()
    publisher.carry()
    try:
        _, writer = await asyncio.open_connection(HOST, port)
        writer.write(publisher.sent[:heard])
        await channels.published.wait()
        answered = [await guess(port) for _ in range(GUESSES)]
        writer.write(publisher.sent[heard:])
        assert await channels.publications[0].ended == "the publisher stopped"
        writer.transport.abort()
    finally:
        await rtmp.close()
    assert answered.count(True) == FREE_TRIES
    assert channels.asked == 1 + FREE_TRIES
    assert rtmp.refused == GUESSES - FREE_TRIES
    assert channels.publications[0].units == units()


async def guess(port: int) -> bool:
    """Whether anything was said about it."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(WRONG)
        await reader.readuntil(b"NetStream.Publish.Denied")
    except (ConnectionError, asyncio.IncompleteReadError):
        return False
    finally:
        writer.transport.abort()
    return True
