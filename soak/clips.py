"""What the publishers send, made once and kept: the sample show in several forms."""

import subprocess
from fractions import Fraction
from pathlib import Path

from bench.whip_clip import write_clip
from vitrine.ingest.sample.show import SampleShow
from vitrine.ingest.sample.write import write_sample

SECONDS = 12
ENCODED = ("-c:v", "libx264", "-preset", "superfast", "-g", "50", "-c:a", "aac")
FORMS = {
    "other.mp4": ("-vf", "scale=640:360,fps=25", "-bf", "2", *ENCODED),
    "tall.mp4": ("-vf", "transpose=1", "-bf", "0", *ENCODED, "-ac", "1", "-ar", "44100"),
}


def make_clips(folder: Path) -> None:
    """`show.mp4`; another size and rate; turned on its side, mono; and `clip.ts` as a browser would send it."""
    folder.mkdir(parents=True, exist_ok=True)
    show = folder / "show.mp4"
    if not show.exists():
        write_sample(show, SampleShow(480, 270, Fraction(30), Fraction(SECONDS)))
    for name, options in FORMS.items():
        if not (folder / name).exists():
            command = ("ffmpeg", "-v", "error", "-y", "-i", str(show), *options, str(folder / name))
            subprocess.run(command, check=True)
    if not (folder / "clip.ts").exists():
        write_clip(folder / "clip.ts", 480, 270, 600, SECONDS)
