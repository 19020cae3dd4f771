"""What a soak says at its end."""

import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from soak.crew import COMPARED
from soak.growth import FILLING, LEAST
from soak.journal import Journal
from soak.server_log import mistakes
from soak.stage import Stage

LEDGER_ENTRY = 0.00085
"""Megabytes that the server keeps of a command for as long as its show is on air: fifteen small objects."""

SHOWN = 10
"""Of each kind of failure; the journal has all."""


def judge_log(path: Path, journal: Journal) -> None:
    """The server's own mistakes are failures."""
    with path.open(encoding="utf-8", errors="replace") as log:
        for each in mistakes(log):
            journal.fail("server log", each)


def judge_memory(stage: Stage) -> None:
    for (name, pid), each in stage.memory.verdicts().items():
        if not each.levels_off(_kept(stage, name, each.minutes)):
            told = ", ".join(f"{megabytes:.1f}" for megabytes in each.thirds)
            stage.journal.fail("memory", f"{name} ({pid}) grows: {told} MB in the thirds of {each.minutes:.0f} minutes")


def _kept(stage: Stage, process: str, minutes: float) -> float:
    """Megabytes of commands that came in a third of a process's minutes: the server's ledgers have them."""
    if process != "server":
        return 0.0
    lasted = (time.monotonic() - stage.journal.begun) / 60
    return LEDGER_ENTRY * stage.journal.counts[COMPARED] / lasted * minutes / 3


def report(stage: Stage) -> str:
    """Tables, then the verdict."""
    return "\n".join((*_faults(stage.journal), "", *_memory(stage), "", *_counts(stage), "", *_verdict(stage.journal)))


def _faults(journal: Journal) -> Iterator[str]:
    done: dict[str, int] = defaultdict(int)
    stalls: dict[str, list[float]] = defaultdict(list)
    for each in journal.done:
        done[each.name] += 1
    for stood in journal.stood:
        for name in stood.blamed or ("nothing",):
            stalls[name].append(stood.seconds)
    yield "| fault | times | viewers' stalls of 0.1 s and more nearby | middle | longest |"
    yield "|---|---|---|---|---|"
    for name in sorted({*done, *stalls}):
        found = stalls[name]
        figures = f"{statistics.median(found):.2f} s | {max(found):.2f} s" if found else "| "
        yield f"| {name} | {done[name]} | {len(found)} | {figures} |"


def _memory(stage: Stage) -> Iterator[str]:
    verdicts = stage.memory.verdicts()
    yield f"| own memory, MB | lived, minutes | thirds from minute {FILLING:.0f} on | verdict |"
    yield "|---|---|---|---|"
    for key, each in verdicts.items():
        thirds = ", ".join(f"{megabytes:.1f}" for megabytes in each.thirds)
        verdict = "levels off" if each.levels_off(_kept(stage, key[0], each.minutes)) else "GROWS"
        yield f"| {key[0]} | {each.minutes + FILLING:.0f} | {thirds} | {verdict} |"
    short = len(stage.memory.series) - len(verdicts)
    yield f"\n{short} processes lived for less than {FILLING + LEAST:.0f} minutes, too short to be judged."


def _counts(stage: Stage) -> Iterator[str]:
    viewers = ", ".join(f"{each.channel} {each.name} {each.parts}" for each in stage.players)
    yield f"Parts fetched: {viewers}."
    if stage.screen:
        yield f"Pictures that Chromium showed: {stage.screen.pictures}."
    commands = sum(crew.commands for crew in stage.crews.values())
    yield f"Commands sent: {commands}."
    yield from (f"{what}: {count}" for what, count in sorted(stage.journal.counts.items()))


def _verdict(journal: Journal) -> Iterator[str]:
    if not journal.failures:
        yield "Everything held."
        return
    yield f"{len(journal.failures)} failures:"
    yield from journal.failures[:SHOWN]
