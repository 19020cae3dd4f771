"""Five commands a second for ten minutes, each seventh sent twice: none lost, none doubled, in order.

    python -m bench.commands [--minutes 10]

A live feed, a real server, real HTTP. What was answered is compared with the API's ledger and with the file.
At the end six are sent at once: the sixth is to be refused with the time to wait.
"""

import argparse
import asyncio
import json
import tempfile
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import aiohttp

from bench.cards import percentile
from bench.served import CHANNEL, TOKEN, child, publisher, served
from vitrine.ingest.sample.show import SampleShow
from vitrine.ingest.sample.write import write_sample

A_SECOND = 5
AGAIN_EVERY = 7
LADDER = (("180p", 180, 250),)
SHOW_SECONDS = 20
ACTIONS: tuple[dict[str, object], ...] = (
    {"action": "show", "products": ["A"], "slot": 1},
    {"action": "show", "products": ["B"], "slot": 2},
    {"action": "hide", "slot": 1},
    {"action": "show", "products": ["C"], "slot": 3},
    {"action": "clear"},
)


@dataclass
class Sent:
    """`sequence` are the ledger's numbers of what was answered, in the order of sending."""

    sequence: list[int] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    repeated: int = 0
    doubled: int = 0
    refused: int = 0


async def measure(minutes: float) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        show = folder / "show.mp4"
        write_sample(show, SampleShow(320, 180, Fraction(30), Fraction(SHOW_SECONDS)))
        async with served(folder, LADDER) as server, child(*publisher(show, server)):
            await server.live()
            async with aiohttp.ClientSession() as session:
                address = f"{server.http}/api/channels/{CHANNEL}/cues"
                sent = await _send(session, address, round(minutes * 60 * A_SECOND))
                await asyncio.sleep(1.1)
                at_once, wait = await _six_at_once(session, address)
                in_api = await _ledger(session, address)
            in_file = _numbers(next((folder / "data").rglob("ledger.jsonl")))
    _report(sent, in_api, in_file, at_once, wait)


async def _send(session: aiohttp.ClientSession, address: str, count: int) -> Sent:
    sent, loop = Sent(), asyncio.get_running_loop()
    start = loop.time()
    for number in range(count):
        await asyncio.sleep(start + number / A_SECOND - loop.time())
        key = uuid.uuid4().hex
        before = loop.time()
        answer = await _post(session, address, number, key, sent)
        sent.milliseconds.append(1000 * (loop.time() - before))
        sent.sequence.append(answer)
        if number % AGAIN_EVERY == 0:
            sent.repeated += 1
            sent.doubled += await _post(session, address, number, key, sent) != answer
    return sent


async def _post(session: aiohttp.ClientSession, address: str, number: int, key: str, sent: Sent) -> int:
    """The ledger's number of a command, which is sent until it is answered."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": key}
    while True:
        async with session.post(address, json=ACTIONS[number % len(ACTIONS)], headers=headers) as response:
            if response.status == 200:
                return int((await response.json())["entry"])
            if response.status != 429:
                raise RuntimeError(f"{response.status}: {await response.text()}")
            sent.refused += 1
            await asyncio.sleep(float(response.headers["Retry-After"]))


async def _six_at_once(session: aiohttp.ClientSession, address: str) -> tuple[Counter[int], str]:
    """The statuses, and the Retry-After of the one that was refused."""
    wait = ""

    async def one(number: int) -> int:
        nonlocal wait
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with session.post(address, json=ACTIONS[number % len(ACTIONS)], headers=headers) as response:
            wait = response.headers.get("Retry-After", wait)
            return response.status

    return Counter(await asyncio.gather(*map(one, range(6)))), wait


async def _ledger(session: aiohttp.ClientSession, address: str) -> list[int]:
    async with session.get(address) as response:
        return [int(entry["entry"]) for entry in (await response.json())["entries"]]


def _numbers(file: Path) -> list[int]:
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [int(line["n"]) for line in lines if "n" in line]


def _report(sent: Sent, in_api: Sequence[int], in_file: Sequence[int], at_once: Counter[int], wait: str) -> None:
    count = len(sent.sequence)
    lost = len(set(sent.sequence) - set(in_file)) + len(set(sent.sequence) - set(in_api))
    doubled = sent.doubled + len(in_file) - len(set(in_file)) + count - len(set(sent.sequence))
    ordered = sent.sequence == sorted(sent.sequence) and list(in_file) == sorted(in_file)
    print("| commands | sent twice | lost | doubled | in order | refused | answer p50, p99, worst | six at once |")
    print("|---|---|---|---|---|---|---|---|")
    middle, high = percentile(sent.milliseconds, 0.5), percentile(sent.milliseconds, 0.99)
    statuses = ", ".join(f"{number} x {status}" for status, number in sorted(at_once.items()))
    print(
        f"| {count} | {sent.repeated} | {lost} | {doubled} | {'yes' if ordered else 'NO'} | {sent.refused} "
        f"| {middle:.1f}, {high:.1f}, {max(sent.milliseconds):.1f} ms | {statuses}, Retry-After {wait} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    asyncio.run(measure(parser.parse_args().minutes))


if __name__ == "__main__":
    main()
