"""What the allocator does once it is told, seen from a process of its own."""

import subprocess
import sys

KEEPING = """
import threading, sys
from vitrine.server.memory import give_back, share_one_heap

def own():
    size, resident, shared, *_ = open("/proc/self/statm").read().split()
    return (int(resident) - int(shared)) * 4096 / 1e6

"""


def told(code: str) -> list[float]:
    command = [sys.executable, "-c", KEEPING + code]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return [float(word) for word in ended.stdout.split()]


def test_what_is_free_between_what_is_not_is_given_back() -> None:
    """Parts of a show that is over, and small things that stay."""
    before, free, after = told("""
print(own())
parts, stays = [], []
for index in range(1500):
    parts.append(bytes(40_000))
    stays.append(bytes(2_000))
parts.clear()
print(own())
give_back()
print(own())
""")
    assert free - before > 50
    assert after - before < 15


def test_what_a_thread_leaves_another_can_have() -> None:
    """Each is done before the next one begins, which reads as much; a little of what it made stays."""
    (most,) = told("""
share_one_heap()
import queue
stays = []
def read(asked, done):
    while asked.get():
        kept = [bytes(40_000) for _ in range(500)]
        stays.append(bytes(2_000))
        del kept
        done.put(None)
threads = [(queue.Queue(), queue.Queue()) for _ in range(4)]
for pair in threads:
    threading.Thread(target=read, args=pair, daemon=True).start()
before = own()
for asked, done in threads:
    asked.put(True)
    done.get()
print(own() - before)
""")
    assert most < 30
