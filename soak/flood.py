"""`python -m soak.flood URL KEY SECONDS`: sends nothing but small messages by RTMP, as fast as it goes."""

import asyncio
import os
import sys

from vitrine.ingest.rtmp.address import Address
from vitrine.ingest.rtmp.client import RtmpPublisher, State
from vitrine.ingest.rtmp.handshake import RANDOM

AT_ONCE = 1000


async def flood(url: str, key: str, seconds: float) -> None:
    address = Address.decode(url, key)
    publisher = RtmpPublisher(address, os.urandom(RANDOM))
    reader, writer = await asyncio.open_connection(address.host, address.port)
    while publisher.state is not State.PUBLISHING:
        writer.write(publisher.data_to_send())
        publisher.receive_data(await reader.read(1 << 16))
    for _ in range(AT_ONCE):
        publisher.send_data("onTextData", {"text": "x"}, 0)
    messages = publisher.data_to_send()
    sent = 0
    try:
        async with asyncio.timeout(seconds):
            while True:
                writer.write(messages)
                await writer.drain()
                await asyncio.sleep(0)
                sent += AT_ONCE
    except (TimeoutError, ConnectionError):
        writer.transport.abort()
    print(f"{sent} messages in {seconds} s", flush=True)


if __name__ == "__main__":
    asyncio.run(flood(sys.argv[1], sys.argv[2], float(sys.argv[3])))
