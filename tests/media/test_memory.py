"""What the allocator does once it is told, seen from a process of its own."""

import subprocess
import sys

GIVING_BACK = """
from vitrine.media.memory import give_back

def own():
    _, resident, shared, *_ = open("/proc/self/statm").read().split()
    return (int(resident) - int(shared)) * 4096 / 1e6

before = own()
parts, stays = [], []
for number in range(1500):
    parts.append(bytes([number % 256]) * 40_000)
    stays.append(bytes([number % 256]) * 2_000)
parts.clear()
print(own() - before)
give_back()
print(own() - before)
"""

HEAPS = """
import queue, threading
from vitrine.media.memory import share_one_heap

if {shared}:
    share_one_heap()

def read(asked):
    kept = b"x" * 40_000
    asked.get()

threads = [queue.Queue() for _ in range(4)]
running = [threading.Thread(target=read, args=(each,)) for each in threads]
for each in running:
    each.start()
lines = [line.split() for line in open("/proc/self/maps")]
spans = [[int(end, 16) for end in line[0].split("-")] for line in lines if line[1] == "---p"]
print(sum(end - start > 32 << 20 for start, end in spans))
for each in threads:
    each.put(None)
"""
"""glibc reserves 64 MB of addresses for each further heap."""


def told(code: str) -> list[float]:
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return [float(word) for word in ended.stdout.split()]


def test_what_is_free_between_what_is_not_is_given_back() -> None:
    """Parts of a show that is over, and small things that stay."""
    free, after = told(GIVING_BACK)
    assert free > 20
    assert after < 10


def test_threads_share_one_heap() -> None:
    assert told(HEAPS.format(shared=False)) > [0]
    assert told(HEAPS.format(shared=True)) == [0]
