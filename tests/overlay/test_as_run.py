import csv
import io
import json
from fractions import Fraction

import pytest

from tests.overlay.ids import SCRIPTS
from vitrine.media.grid import Grid
from vitrine.overlay.as_run import COLUMNS, as_run, as_run_csv, as_run_json
from vitrine.overlay.clock import Clock
from vitrine.overlay.date_time import parse_date_time
from vitrine.overlay.ledger import Entry, Ledger

CLOCK = Clock(Grid(Fraction(30000, 1001)), parse_date_time("2026-11-29T17:00:00Z"))


def ledger() -> Ledger:
    made = Ledger({"WM-4411": "Stand mixer, 5 qt", "👗": 'Dress "Ada"'}.__getitem__)
    made.append(Entry(1, 30, "show", ("WM-4411", "👗"), 2, 0, source="rundown", item=0))
    made.append(Entry(2, 90, "hide", ("👗",), None, 0))
    made.append(Entry(3, 15, "show", ("WM-4411",), 1, 0, late=True, source="encoder"))
    return made


def test_csv() -> None:
    assert as_run_csv(as_run(ledger(), CLOCK)) == (
        "cue,product,title,slot,start,start_date,end,end_date,seconds,late,source\r\n"
        'c3,WM-4411,"Stand mixer, 5 qt",1,0.5005,2026-11-29T17:00:00.501Z,,,,yes,encoder\r\n'
        'c1,WM-4411,"Stand mixer, 5 qt",2,1.001,2026-11-29T17:00:01.001Z,,,,no,rundown\r\n'
        'c1.2,👗,"Dress ""Ada""",3,1.001,2026-11-29T17:00:01.001Z,3.003,2026-11-29T17:00:03.003Z,2.002,no,rundown\r\n'
    )


def test_json() -> None:
    rows = as_run_json(as_run(ledger(), CLOCK))
    assert [row["cue"] for row in rows] == ["c3", "c1", "c1.2"]
    assert rows[2] == {
        "cue": "c1.2",
        "product": "👗",
        "title": 'Dress "Ada"',
        "slot": 3,
        "start": 1.001,
        "start_date": "2026-11-29T17:00:01.001Z",
        "end": 3.003,
        "end_date": "2026-11-29T17:00:03.003Z",
        "seconds": 2.002,
        "late": False,
        "source": "rundown",
    }
    assert rows[0]["end"] is rows[0]["end_date"] is rows[0]["seconds"] is None
    assert set(rows[0]) == set(COLUMNS)
    json.dumps(rows, allow_nan=False)


def test_nothing_was_shown() -> None:
    assert as_run_json(as_run(Ledger(), CLOCK)) == []
    assert as_run_csv([]) == ",".join(COLUMNS) + "\r\n"


@pytest.mark.parametrize("product", [*SCRIPTS, "=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "＝1", "a,b", "'a"])
def test_spreadsheets_run_no_ids(product: str) -> None:
    made = Ledger()
    made.append(Entry(1, 0, "show", (product,), 1, 0))
    _, row = csv.reader(io.StringIO(as_run_csv(as_run(made, CLOCK)), newline=""))
    for cell in row[1:3]:
        assert cell.removeprefix("'") == product.removeprefix("'")
        assert cell[0] not in "=+-@＝＋－＠\t\r"
    assert row[4] == "0.0"
