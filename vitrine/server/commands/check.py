"""`vitrine check`: which rules a stream breaks, seen as a viewer."""

import asyncio
import signal
import sys

import click
import msgspec

from vitrine.check.peer import check_stream
from vitrine.check.report import Report
from vitrine.check.watch import Watch
from vitrine.server.commands.progress import progress_bar


async def check(url: str, seconds: float, as_json: bool, quiet: bool) -> None:
    """Watch and report, then exit with the report's code. Raises MalformedError if there is no stream."""
    watched = 0.0
    stopped = asyncio.Event()
    # Ctrl-C ends the watch, not the report.
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stopped.set)
    with progress_bar(quiet) as bar:
        task = bar.add_task("Opening", total=seconds)

        def progress(gone: float, watch: Watch) -> None:
            nonlocal watched
            watched = gone
            counts = watch.counts
            told = f"{counts.playlists} playlists, {counts.media} media files, {len(watch.findings)} findings"
            bar.update(task, completed=gone, description=told)

        watch = await check_stream(url, seconds, progress, stopped)
    report = Report.of(watch, watched)
    click.echo(msgspec.json.format(msgspec.json.encode(report.as_json())) if as_json else report.as_text())
    sys.exit(report.exit_code)
