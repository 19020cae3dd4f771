"""The as-run list: which product was on show from when to when, for the report after the show."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from vitrine.media.cue import Cue
from vitrine.overlay.clock import Clock
from vitrine.overlay.date_time import date_time_text
from vitrine.overlay.ledger import Entry, Ledger, Source, entry_number


@dataclass(frozen=True, slots=True)
class Run:
    """One cue. `start` and `end` are seconds of programme time, the dates utc_ns; an open cue has no end."""

    cue: str
    product: str
    title: str
    slot: int
    start: Fraction
    start_date: int
    end: Fraction | None
    end_date: int | None
    late: bool
    source: Source


def as_run(ledger: Ledger, clock: Clock) -> list[Run]:
    """The cues by start, then slot."""
    return runs_of(ledger.cues(), ledger.entries, ledger.title, clock)


def runs_of(cues: Sequence[Cue], entries: Sequence[Entry], title: Callable[[str], str], clock: Clock) -> list[Run]:
    """The same for a thread to which a ledger, that goes on meanwhile, does not belong."""
    runs = []
    for cue in cues:
        entry = entries[entry_number(cue.id) - 1]
        end = None if cue.end is None else clock.programme(cue.end)
        end_date = None if cue.end is None else clock.utc_ns(cue.end)
        start, start_date = clock.programme(cue.start), clock.utc_ns(cue.start)
        name = title(cue.product)
        runs.append(
            Run(cue.id, cue.product, name, cue.slot, start, start_date, end, end_date, entry.late, entry.source)
        )
    return runs


def as_run_json(runs: Sequence[Run]) -> list[dict[str, object]]:
    """What a JSON encoder takes; times in seconds to the nearest microsecond, null while a cue is open."""
    return [
        {
            "cue": run.cue,
            "product": run.product,
            "title": run.title,
            "slot": run.slot,
            "start": round(float(run.start), 6),
            "start_date": date_time_text(run.start_date),
            "end": None if run.end is None else round(float(run.end), 6),
            "end_date": None if run.end_date is None else date_time_text(run.end_date),
            "seconds": None if run.end is None else round(float(run.end - run.start), 6),
            "late": run.late,
            "source": run.source,
        }
        for run in runs
    ]


COLUMNS = (
    "cue", "product", "title", "slot", "start", "start_date", "end", "end_date", "seconds", "late", "source"
)  # fmt: skip

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""A spreadsheet runs cells that begin so, in East Asian settings the wide forms too (OWASP, CSV injection)."""


def as_run_csv(runs: Sequence[Run]) -> str:
    """RFC 4180: a line of names, then one line each, ended by CRLF. Texts that a spreadsheet would run as a formula get
    an apostrophe in front, which it takes off.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in as_run_json(runs):
        writer.writerow(_cell(row[column]) for column in COLUMNS)
    return out.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return "'" + value
    return value
