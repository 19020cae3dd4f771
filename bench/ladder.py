"""The worker against the ffmpeg program: processor time, wall time, bits and PSNR of the same four rungs.

    python -m bench.ladder CLIP [--seconds 20] [--runs 3] [--size 1080]

CLIP is first made into a clip of the wanted size at 30 frames a second, in a temporary folder.
"""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from statistics import median

import av
import click
from rich.console import Console
from rich.table import Table

from vitrine.media.access_unit import AccessUnit
from vitrine.media.h264 import AvcConfig, join_annexb, split_lengths
from vitrine.media.track import AudioTrack, Codec, VideoTrack
from vitrine.transcode.events import Failed, Opened, PoolEvent, WorkerDied
from vitrine.transcode.ladder import EncoderSettings, Plan, PlannedRung, plan_rungs
from vitrine.transcode.pool import Worker

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


def ffmpeg_command(encoder: list[str]) -> Callable[[Path, Path, tuple[PlannedRung, ...]], list[str]]:
    """ffmpeg making the ladder with split and scale, the way its manual shows."""

    def command(clip: Path, out: Path, rungs: tuple[PlannedRung, ...]) -> list[str]:
        pads = "".join(f"[s{n}]" for n in range(len(rungs)))
        scales = ";".join(f"[s{n}]scale={rung.width}:{rung.height}[v{n}]" for n, rung in enumerate(rungs))
        arguments = [FFMPEG, "-v", "error", "-y", "-i", str(clip)]
        arguments += ["-filter_complex", f"[0:v]split={len(rungs)}{pads};{scales}"]
        for n, rung in enumerate(rungs):
            peak = str(EncoderSettings().peak(rung.kbps))
            rate = ["-b:v", f"{rung.kbps}k", "-maxrate", peak, "-bufsize", peak, "-g", str(2 * RATE)]
            arguments += ["-map", f"[v{n}]", "-c:v", "libx264", *encoder, *rate, str(out / f"{rung.name}.h264")]
        return [*arguments, "-map", "0:a?", "-c:a", "aac", "-b:a", "128k", str(out / "audio.aac")]

    return command


def worker_command(clip: Path, out: Path, rungs: tuple[PlannedRung, ...]) -> list[str]:
    return [sys.executable, "-m", "bench.ladder", str(clip), "--worker-output", str(out)]


SETTINGS = EncoderSettings()
SAME = ["-preset", SETTINGS.preset, "-x264-params", SETTINGS.x264_params]
CONTENDERS = (
    Contender("worker", worker_command),
    Contender("ffmpeg, same x264", ffmpeg_command([*SAME, "-threads", "1"])),
    Contender("ffmpeg, same x264, own threads", ffmpeg_command(SAME)),
    Contender("ffmpeg veryfast zerolatency", ffmpeg_command(["-preset", "veryfast", "-tune", "zerolatency"])),
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


async def transcode(clip: Path, out: Path) -> None:
    """The whole way through a worker, its output written as Annex B."""
    files: dict[int, Path] = {}
    written: dict[int, list[bytes]] = {}

    def on_event(event: PoolEvent) -> None:
        match event:
            case Opened(renditions):
                for each in renditions:
                    if isinstance(each.track, VideoTrack):
                        config = AvcConfig.decode(each.track.config)
                        files[each.track.id] = out / f"{each.name}.h264"
                        written[each.track.id] = [join_annexb((*config.sps, *config.pps))]
            case AccessUnit(track_id=track_id, data=data) if track_id in written:
                written[track_id].append(join_annexb(split_lengths(data)))
            case Failed(reason) | WorkerDied(reason=reason):
                raise SystemExit(reason)

    with av.open(str(clip)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert video.time_base
        assert video.average_rate
        worker = await Worker.start(Plan(Fraction(video.average_rate), live=False), on_event)
        video_config, audio_config = video.codec_context.extradata or b"", audio.codec_context.extradata or b""
        worker.add_track(VideoTrack(1, Codec.H264, video.time_base.denominator, bytes(video_config)))
        worker.add_track(AudioTrack(2, Codec.AAC, audio.rate, bytes(audio_config), audio.rate, audio.channels))
        for packet in container.demux(video, audio):
            if packet.pts is not None and packet.dts is not None:
                track_id = 1 if packet.stream is video else 2
                worker.push(AccessUnit(track_id, packet.dts, packet.pts, packet.is_keyframe, bytes(packet)))
                await worker.drain()
        await worker.finish()
        await worker.close()
    for track_id, path in files.items():
        path.write_bytes(b"".join(written[track_id]))


def compare(clip: Path, folder: Path, seconds: float, runs: int, console: Console) -> None:
    with av.open(str(clip)) as container:
        size = (container.streams.video[0].width, container.streams.video[0].height)
    rungs = plan_rungs(*size)
    taken: dict[str, list[Run]] = {contender.name: [] for contender in CONTENDERS}
    for _ in range(runs):
        for contender in CONTENDERS:
            out = folder / contender.name
            out.mkdir(exist_ok=True)
            taken[contender.name].append(measure(contender.command(clip, out, rungs)))
    columns = ["", "CPU s", "wall s", *(f"{rung.name} dB / kbit/s" for rung in rungs)]
    rows = []
    for contender in CONTENDERS:
        cpu, wall = (
            median(values) for values in zip(*((run.cpu, run.wall) for run in taken[contender.name]), strict=True)
        )
        row = [contender.name, f"{cpu:.2f}", f"{wall:.2f}"]
        for rung in rungs:
            encoded = folder / contender.name / f"{rung.name}.h264"
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
@click.argument("clip", type=click.Path(exists=True, path_type=Path))
@click.option("--seconds", default=20.0, help="Length of the clip that is made.")
@click.option("--runs", default=3, help="Alternating runs; the median counts.")
@click.option("--size", default=1080, help="Height of the clip that is made.")
@click.option("--worker-output", type=click.Path(path_type=Path), hidden=True)
def main(clip: Path, seconds: float, runs: int, size: int, worker_output: Path | None) -> None:
    """Compare the worker with ffmpeg on CLIP."""
    if worker_output:
        asyncio.run(transcode(clip, worker_output))
        return
    console = Console()
    with tempfile.TemporaryDirectory() as name, console.status("encoding"):
        folder = Path(name)
        compare(prepare(clip, folder, size, seconds), folder, seconds, runs, console)


if __name__ == "__main__":
    main()
