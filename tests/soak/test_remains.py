from dataclasses import replace

from soak.remains import FEW, Remains, left

IDLE = Remains(tasks=10, descriptors=18, sockets=3, threads=6, children=1)


def test_the_same_as_before_or_less_is_nothing_left() -> None:
    assert left(IDLE, IDLE) == []
    assert left(IDLE, replace(IDLE, tasks=9)) == []


def test_threads_and_files_of_pools_may_stay() -> None:
    assert left(IDLE, replace(IDLE, threads=IDLE.threads + FEW.threads)) == []
    assert left(IDLE, replace(IDLE, threads=IDLE.threads + FEW.threads + 1)) == [
        f"{7 + FEW.threads} threads are left; at the beginning there were 6"
    ]


def test_tasks_sockets_and_children_may_not() -> None:
    more = replace(IDLE, tasks=11, sockets=4, children=2)
    assert len(left(IDLE, more)) == 3
