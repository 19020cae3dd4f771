"""`python -m fuzz [TARGET …] [--seconds S] [--runs N]`: each target for a bounded time, in a process of its own.

What fails is written to fuzz/corpus/TARGET/, where the tests find it from then on.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

from fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
WORK = Path(__file__).parent.parent / "out" / "fuzz"
"""What the fuzzer finds interesting on its way. Not kept in git: it can be found again."""

HANGS_AFTER = 25
"""Seconds for one input of a few kilobytes. Each takes under 10 ms; a busy machine may stand still for a while."""

MEGABYTES = 1024
"""Of the whole process, with Python, FFmpeg and the fuzzer's own tables at 300."""

DONE = re.compile(r"Done (\d+) (?:runs )?in (\d+) second")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", choices=[[], *TARGETS], help="all, if left out")
    parser.add_argument("--seconds", type=int, default=20, help="for each target")
    parser.add_argument("--runs", type=int, default=0, help="for each target; whichever comes first")
    return parser.parse_args()


def run(name: str, seconds: int, runs: int) -> int | None:
    """Executions of one target; None where one failed."""
    found, past = WORK / name, CORPUS / name
    found.mkdir(parents=True, exist_ok=True)
    past.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "fuzz.run", name, str(found), str(past), f"-artifact_prefix={past}/"]
    command += [f"-max_total_time={seconds}", f"-timeout={HANGS_AFTER}", f"-rss_limit_mb={MEGABYTES}", "-verbosity=1"]
    command += [f"-runs={runs}"] if runs else []
    ended = subprocess.run(
        command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    if not any(past.iterdir()):
        past.rmdir()
    done = DONE.search(ended.stdout)
    if ended.returncode or done is None:
        print(ended.stdout[ended.stdout.find("\n ===") + 1 :][-6000:])
        print(f"{name}: FAILED; the input is in {past}", flush=True)
        return None
    print(f"{name}: {int(done[1]):,} executions in {done[2]} s", flush=True)
    return int(done[1])


def main() -> int:
    wanted = arguments()
    counts = [run(name, wanted.seconds, wanted.runs) for name in wanted.targets or TARGETS]
    print(f"{sum(count or 0 for count in counts):,} executions, {counts.count(None)} targets failed")
    return 1 if None in counts else 0


if __name__ == "__main__":
    sys.exit(main())
