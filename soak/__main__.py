"""python -m soak [--minutes 60] [--seed N] [--only WORD]

Exits with 0 where everything held, else with 1. `build/soak/` has the journal, the server's log and the publishers'.
"""

import argparse
import asyncio
import random
import shutil
import sys
from pathlib import Path

import aiohttp

from soak.journal import Journal
from soak.report import judge_log, judge_memory, report
from soak.server import Server
from soak.stage import CHANNELS, Plan, Stage

FOLDER = Path("build/soak").absolute()
KEPT = "clips"


async def soak(plan: Plan) -> bool:
    """Whether everything held."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.iterdir():
        if old.name != KEPT:
            (shutil.rmtree if old.is_dir() else Path.unlink)(old)
    journal = Journal.open(FOLDER / "journal.log")
    journal.note("soak", f"seed {plan.seed}, {plan.minutes:g} minutes; all of it is in {FOLDER}", aloud=True)
    async with aiohttp.ClientSession() as http:
        server = Server(FOLDER, CHANNELS, http)
        stage = Stage(plan, FOLDER, journal, server)
        try:
            await stage.run()
        except Exception as error:  # what broke the soak is its most important result
            journal.fail("soak", f"broke off: {error!r}")
            raise
        finally:
            judge_log(server.log, journal)
            judge_memory(stage)
            text = report(stage)
            (FOLDER / "report.md").write_text(text + "\n")
            print(text)
    return not journal.failures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None, help="the same seed, the same faults in the same order")
    parser.add_argument(
        "--only", default="", help="faults of broadcasts whose name has this word; `strangers` for those"
    )
    parser.add_argument("--no-restarts", action="store_true", help="the server itself runs all the time")
    parser.add_argument("--no-chromium", action="store_true")
    parser.add_argument("--quick", action="store_true", help="without the three minutes of waiting for what is left")
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(10_000) if given.seed is None else given.seed
    plan = Plan(given.minutes, seed, given.only, not given.no_restarts, not given.no_chromium, given.quick)
    sys.exit(0 if asyncio.run(soak(plan)) else 1)


if __name__ == "__main__":
    main()
