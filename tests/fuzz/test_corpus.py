"""Inputs that once failed, seeds, and seeds with some bytes changed, through every fuzz target; without atheris."""

import random
from pathlib import Path

import pytest

from fuzz.targets import TARGETS

CORPUS = Path(__file__).parents[2] / "fuzz" / "corpus"
PAST = sorted(CORPUS.glob("*/*"))
CHANGED = 60
"""Inputs made of each target's seeds."""

MOST_BYTES = 16 << 10
"""Of one kept input: the corpus is to stay small."""


@pytest.mark.parametrize("path", PAST, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_once_failed(path: Path) -> None:
    TARGETS[path.parent.name].run(path.read_bytes())


def test_the_corpus_is_named_and_small() -> None:
    assert PAST
    for path in PAST:
        assert path.parent.name in TARGETS
        assert not path.name.startswith(("crash-", "timeout-", "oom-", "slow-unit-")), f"{path.name}: say what it is"
        assert path.stat().st_size <= MOST_BYTES


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_and_what_is_near_them(name: str) -> None:
    target = TARGETS[name]
    seeds = list(target.seeds())
    assert seeds
    dice = random.Random(name)
    for seed in seeds:
        target.run(seed)
        assert len(seed) <= target.longest
    for _ in range(CHANGED):
        target.run(changed(dice, dice.choice(seeds)))
    target.run(b"")


def changed(dice: random.Random, seed: bytes) -> bytes:
    data = bytearray(seed)
    for _ in range(dice.randint(1, 4)):
        position = dice.randint(0, len(data))
        match dice.randrange(3):
            case 0:
                data[position : position + 1] = bytes([dice.randrange(256)])
            case 1:
                del data[position : position + dice.randint(1, 8)]
            case _:
                data[position:position] = dice.randbytes(dice.randint(1, 8))
    return bytes(data)
