"""`vitrine catalogue`: what of a product file can be used, before the show."""

from pathlib import Path

import click

from vitrine.media.errors import RefusedError
from vitrine.overlay.catalogue.catalogue import report
from vitrine.server.shop import read_catalogue_file


def catalogue(file: Path) -> None:
    """Print how many products there are, and each refused row. Raises VitrineError if any is refused."""
    found = read_catalogue_file(file)
    if found.refused:
        raise RefusedError(report(found, len(found.refused)))
    click.echo(f"{file}: {len(found.products)} products")
