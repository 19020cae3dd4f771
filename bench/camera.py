"""`python -m bench.camera FILE URL KEY`: publishes a numbered show like a camera, and tells when frame 0 was captured.

Frame n is captured n frame times after that: the publisher's pace is exact.
"""

import asyncio
import sys
import time
from fractions import Fraction
from pathlib import Path

from vitrine.ingest.file.pace import Pacer
from vitrine.ingest.file.reader import FileReader
from vitrine.ingest.rtmp.peer import RtmpPeer


async def film(file: Path, url: str, key: str) -> None:
    reader = FileReader(file)
    timescales = {track.id: track.timescale for track in reader.tracks}
    pacer = Pacer()
    async with await RtmpPeer.connect(url, key) as publisher:
        for track in reader.tracks:
            publisher.add_track(track)
        told = False
        for unit in reader.repeated():
            at = Fraction(unit.dts, timescales[unit.track_id])
            await asyncio.sleep(pacer.delay(time.monotonic(), at))
            if not told and unit.track_id == reader.tracks[0].id:
                print(time.time() - float(at), flush=True)
                told = True
            await publisher.push(unit)


if __name__ == "__main__":
    asyncio.run(film(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
