"""`vitrine sample`: the sample show as a file."""

from fractions import Fraction
from pathlib import Path

from vitrine.ingest.sample.show import SampleShow
from vitrine.ingest.sample.write import write_sample
from vitrine.media.errors import ConfigError
from vitrine.server.commands.progress import progress_bar


def sample(output: Path, seconds: int, size: tuple[int, int], rate: Fraction) -> None:
    """Write the show, with a progress bar. Raises ConfigError for a place or format that cannot be written."""
    if not output.parent.is_dir():
        raise ConfigError(f"The folder {output.parent} does not exist; make it first")
    width, height = size
    with progress_bar() as bar:
        task = bar.add_task(f"Writing {output}")

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        write_sample(output, SampleShow(width, height, rate, Fraction(seconds)), progress=progress)
