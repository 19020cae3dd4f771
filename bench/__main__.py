"""`python -m bench CLIP`: everything that docs/benchmarks.md shows, one after the other, as Markdown."""

import subprocess
import sys

import click


@click.command()
@click.argument("clip", required=False, type=click.Path(exists=True))
@click.option("--seconds", default=300, show_default=True, help="How long latency is watched.")
def main(clip: str | None, seconds: int) -> None:
    """Measure the ladder on CLIP (the sample show without one), the server's cost, and the latency."""
    for title, command in (
        ("The ladder against ffmpeg", ("bench.ladder", *((clip,) if clip else ()))),
        ("The server process", ("bench.server_cost",)),
        ("Capture to screen", ("bench.latency", "--seconds", str(seconds))),
    ):
        click.echo(f"\n## {title}\n\n`python -m {' '.join(command)}`\n")
        subprocess.run((sys.executable, "-m", *command), check=True)


if __name__ == "__main__":
    main()
