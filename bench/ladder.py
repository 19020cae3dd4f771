"""`vitrine package` against the ffmpeg program: processor time, wall time, bits and PSNR of the same four rungs.

    python -m bench.ladder [CLIP] [--seconds 20] [--runs 3] [--size 1080]

CLIP is first made into a clip of the wanted size at 30 frames a second, in a temporary folder.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import av
import click
from rich.console import Console
from rich.table import Table

from vitrine.ingest.sample.write import write_sample
from vitrine.transcode.ladder import EncoderSettings, PlannedRung, plan_rungs

FFMPEG = shutil.which("ffmpeg") or "ffmpeg"
RATE = 30


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one contender: seconds of processor and wall time."""

    cpu: float
    wall: float


@dataclass(frozen=True, slots=True)
class Contender:
    name: str
    command: Callable[[Path, Path, tuple[PlannedRung, ...]], list[str]]


def ffmpeg_command(
    encoder: Callable[[PlannedRung], list[str]],
) -> Callable[[Path, Path, tuple[PlannedRung, ...]], list[str]]:
    """ffmpeg making the ladder with split and scale, the way its manual shows. `encoder` is asked for each rung."""

    def command(clip: Path, out: Path, rungs: tuple[PlannedRung, ...]) -> list[str]:
        pads = "".join(f"[s{n}]" for n in range(len(rungs)))
        scales = ";".join(f"[s{n}]scale={rung.width}:{rung.height}[v{n}]" for n, rung in enumerate(rungs))
        arguments = [FFMPEG, "-v", "error", "-y", "-i", str(clip)]
        arguments += ["-filter_complex", f"[0:v]split={len(rungs)}{pads};{scales}"]
        for n, rung in enumerate(rungs):
            peak = str(EncoderSettings().peak(rung.kbps))
            rate = ["-b:v", f"{rung.kbps}k", "-maxrate", peak, "-bufsize", peak, "-g", str(2 * RATE)]
            arguments += ["-map", f"[v{n}]", "-c:v", "libx264", *encoder(rung), *rate, str(out / f"{rung.name}.h264")]
        return [*arguments, "-map", "0:a?", "-c:a", "aac", "-b:a", "128k", str(out / "audio.aac")]

    return command


def package_command(clip: Path, out: Path, rungs: tuple[PlannedRung, ...]) -> list[str]:
    """`vitrine package`, as a user runs it; it writes HLS."""
    return [sys.executable, "-m", "vitrine.server", "package", str(clip), "-o", str(out / HLS)]


HLS = "hls"
SETTINGS = EncoderSettings()


def same(rung: PlannedRung) -> list[str]:
    """What Vitrine tells x264, as ffmpeg's arguments."""
    return ["-preset", SETTINGS.preset, "-x264-params", SETTINGS.params(rung)]


CONTENDERS = (
    Contender("vitrine package", package_command),
    Contender("ffmpeg, same x264", ffmpeg_command(lambda rung: [*same(rung), "-threads", "1"])),
    Contender("ffmpeg, same x264, own threads", ffmpeg_command(same)),
    Contender("ffmpeg veryfast zerolatency", ffmpeg_command(lambda _: ["-preset", "veryfast", "-tune", "zerolatency"])),
)


def measure(command: list[str]) -> Run:
    """Run to the end; the time of the process and all its children."""
    begin = time.perf_counter()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise click.ClickException(f"{command[0]} ended with status {process.returncode}")
    return Run(usage.ru_utime + usage.ru_stime, time.perf_counter() - begin)


def prepare(source: Path, folder: Path, size: int, seconds: float) -> Path:
    clip = folder / "clip.mp4"
    scale = f"scale=-2:{size}:flags=lanczos,fps={RATE},format=yuv420p"
    encoder = ["-c:v", "libx264", "-preset", "fast", "-crf", "16", "-g", str(2 * RATE), "-c:a", "aac", "-b:a", "160k"]
    begin = [FFMPEG, "-v", "error", "-stream_loop", "-1", "-t", str(seconds), "-i", str(source)]
    subprocess.run([*begin, "-vf", scale, *encoder, str(clip)], check=True)
    return clip


def psnr(clip: Path, encoded: Path, rung: PlannedRung) -> float:
    """Against the clip scaled by Lanczos, average over all planes, dB."""
    graph = f"[1:v]scale={rung.width}:{rung.height}:flags=lanczos+accurate_rnd[r];[0:v][r]psnr"
    command = [FFMPEG, "-hide_banner", "-r", str(RATE), "-i", str(encoded), "-i", str(clip)]
    done = subprocess.run([*command, "-lavfi", graph, "-f", "null", "-"], capture_output=True, text=True, check=True)
    found = re.search(r"average:([\d.]+|inf)", done.stderr)
    assert found, done.stderr
    return float(found[1])


def elementary(out: Path, rung: PlannedRung) -> Path:
    """The H.264 of one rung as a bare stream, so that containers count neither for nor against anyone."""
    bare = out / f"{rung.name}.h264"
    playlist = out / HLS / rung.name / "index.m3u8"
    if playlist.exists():
        copying = [FFMPEG, "-v", "error", "-y", "-i", str(playlist), "-map", "0:v", "-c", "copy", str(bare)]
        subprocess.run(copying, check=True)
    return bare


def compare(clip: Path, folder: Path, seconds: float, runs: int, console: Console) -> None:
    with av.open(str(clip)) as container:
        size = (container.streams.video[0].width, container.streams.video[0].height)
    rungs = plan_rungs(*size)
    taken: dict[str, list[Run]] = {contender.name: [] for contender in CONTENDERS}
    for _ in range(runs):
        for contender in CONTENDERS:
            out = folder / contender.name
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir()
            taken[contender.name].append(measure(contender.command(clip, out, rungs)))
    columns = ["", "CPU s", "wall s", *(f"{rung.name} dB / kbit/s" for rung in rungs)]
    rows = []
    for contender in CONTENDERS:
        cpu, wall = (
            median(values) for values in zip(*((run.cpu, run.wall) for run in taken[contender.name]), strict=True)
        )
        row = [contender.name, f"{cpu:.2f}", f"{wall:.2f}"]
        for rung in rungs:
            encoded = elementary(folder / contender.name, rung)
            kbps = encoded.stat().st_size * 8 / seconds / 1000
            row.append(f"{psnr(clip, encoded, rung):.2f} / {kbps:.0f}")
        rows.append(row)
    report(columns, rows, console)


def report(columns: list[str], rows: list[list[str]], console: Console) -> None:
    table = Table(*columns)
    for row in rows:
        table.add_row(*row)
    console.print(table)
    for row in [columns, ["---"] * len(columns), *rows]:
        console.print("| " + " | ".join(row) + " |", soft_wrap=True, markup=False)


@click.command()
@click.argument("clip", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--seconds", default=20.0, help="Length of the clip that is made.")
@click.option("--runs", default=3, help="Alternating runs; the median counts.")
@click.option("--size", default=1080, help="Height of the clip that is made.")
def main(clip: Path | None, seconds: float, runs: int, size: int) -> None:
    """Compare `vitrine package` with ffmpeg on CLIP, or on the sample show."""
    console = Console()
    with tempfile.TemporaryDirectory() as name, console.status("encoding"):
        folder = Path(name)
        if clip is None:
            clip = folder / "show.mp4"
            write_sample(clip)
        compare(prepare(clip, folder, size, seconds), folder, seconds, runs, console)


if __name__ == "__main__":
    main()
