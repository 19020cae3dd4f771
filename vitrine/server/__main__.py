"""The command line. Each command imports what it runs, so that none waits for the others' libraries."""

import sys
from collections.abc import Coroutine
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
import uvloop

from vitrine import __version__
from vitrine.media.errors import VitrineError


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run a command's coroutine on uvloop; Ctrl-C is an end like any other."""
    try:
        uvloop.run(work)
    except KeyboardInterrupt:
        click.echo("Stopped.", err=True)


class _Commands(click.Group):
    """A group whose commands end in one clear line for every error that a user can cause."""

    def invoke(self, context: click.Context) -> Any:
        texts: list[str] = []
        try:
            return super().invoke(context)
        except* VitrineError as errors:
            texts = _flat(errors)
        for text in texts:
            click.echo(f"vitrine: {text}", err=True)
        sys.exit(1)


def _flat(errors: BaseExceptionGroup[VitrineError]) -> list[str]:
    texts: list[str] = []
    for error in errors.exceptions:
        texts += _flat(error) if isinstance(error, BaseExceptionGroup) else [str(error)]
    return list(dict.fromkeys(texts))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="vitrine")
def main() -> None:
    """Vitrine, a live-shopping video server."""


@main.command()
@click.option("--config", type=click.Path(path_type=Path), help="Configuration file (TOML); see docs/configuration.md.")
def serve(config: Path | None) -> None:
    """Run the server."""
    from vitrine.server.commands.serve import serve as run_serve
    from vitrine.server.config import load_config

    _run(run_serve(load_config(config)))


@main.command()
@click.option("--http", default="127.0.0.1:8080", show_default=True, help="Where pages and playlists are served.")
@click.option("--rtmp", default="127.0.0.1:1935", show_default=True, help="Where the show is published to.")
@click.option("--data", type=click.Path(path_type=Path), default=Path("data"), show_default=True, help="Data folder.")
def demo(http: str, rtmp: str, data: Path) -> None:
    """Run the server with a generated show, looping live."""
    from vitrine.server.commands.demo import demo as run_demo

    _run(run_demo(http, rtmp, data))


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("url")
@click.option("--key", envvar="VITRINE_KEY", help="Stream key; or in the environment as VITRINE_KEY.")
@click.option("--loop", is_flag=True, help="Play it again and again.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
@click.option("--ca", type=click.Path(path_type=Path), help="Certificates to trust besides the system's, as PEM.")
def push(file: Path, url: str, key: str | None, **options: Any) -> None:
    """Publish the recorded stream FILE as a live feed to URL."""
    from vitrine.server.commands.push import push as run_push

    _run(run_push(file, url, key, loop=options["loop"], quiet=options["quiet"], authority=options["ca"]))


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder to write; new or empty.")
@click.option("--config", type=click.Path(path_type=Path), help="Configuration file, for its ladder.")
@click.option("--rundown", type=click.Path(path_type=Path), help="Rundown with offsets, to stamp its products.")
@click.option("--catalogue", type=click.Path(path_type=Path), help="Products, for their titles.")
def package(file: Path, output: Path, config: Path | None, rundown: Path | None, catalogue: Path | None) -> None:
    """Make a folder of HLS from the recorded stream FILE."""
    from vitrine.server.commands.package import package as run_package
    from vitrine.server.config import load_config

    _run(run_package(file, output, load_config(config), rundown, catalogue))


@main.command()
@click.argument("channel")
@click.argument("action", type=click.Choice(("show", "hide", "clear", "next", "undo")))
@click.argument("products", nargs=-1, metavar="[PRODUCT]... | ENTRY")
@click.option("--slot", type=int, help="Place of the first product, 1 to 3.")
@click.option("--as-seen", help="For the frame with this programme date-time, as a monitor showed it.")
@click.option("--programme", type=float, help="For the frame at so many seconds of programme time.")
@click.option("--server", default="http://127.0.0.1:8080", show_default=True, help="Address of the server.")
@click.option("--token", envvar="VITRINE_API_TOKEN", help="API token; or in the environment as VITRINE_API_TOKEN.")
@click.option("--data", type=click.Path(path_type=Path), default=Path("data"), help="Data folder that keeps the token.")
def cue(channel: str, action: str, products: tuple[str, ...], **options: Any) -> None:
    """Show or hide PRODUCTS on CHANNEL, clear it, show the rundown's next, or undo the ENTRY that a command printed."""
    from vitrine.server.commands.cue import command_of, kept_token
    from vitrine.server.commands.cue import cue as run_cue

    moment = {name: options[name] for name in ("as_seen", "programme") if options[name] is not None}
    command = command_of(action, products, options["slot"], moment)
    token = options["token"] or kept_token(options["data"])
    _run(run_cue(options["server"], channel, token, command))


@main.command()
@click.argument("channel")
@click.option("--for", "length", default="4h", show_default=True, help="How long it can be watched: 90m, 4h, 7d.")
@click.option("--config", type=click.Path(path_type=Path), help="Configuration file, with the channel's secret.")
def sign(channel: str, length: str, config: Path | None) -> None:
    """Print addresses by which the protected CHANNEL can be watched."""
    from vitrine.server.commands.sign import print_addresses
    from vitrine.server.config import load_config

    print_addresses(load_config(config), channel, length)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
def catalogue(file: Path) -> None:
    """Check the product file FILE: what can be used, and what is refused, row by row."""
    from vitrine.server.commands.catalogue import catalogue as run_catalogue

    run_catalogue(file)


def _fraction(_context: click.Context, _parameter: click.Parameter, value: str) -> Fraction:
    try:
        return Fraction(value)
    except (ValueError, ZeroDivisionError):
        raise click.BadParameter("write a number such as 30, 29.97 or 30000/1001") from None


def _size(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[int, int]:
    width, cross, height = value.partition("x")
    if not (cross and width.isdecimal() and height.isdecimal()):
        raise click.BadParameter("write WIDTHxHEIGHT, such as 1280x720")
    return int(width), int(height)


@main.command()
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="File to write: .mp4, .mkv, .flv, .ts"
)
@click.option("--seconds", default=60, show_default=True, type=click.IntRange(1, 24 * 3600), help="Length.")
@click.option("--size", default="1280x720", show_default=True, callback=_size, help="Pixels.")
@click.option("--rate", default="30", show_default=True, callback=_fraction, help="Frames a second.")
def sample(output: Path, seconds: int, size: tuple[int, int], rate: Fraction) -> None:
    """Write the sample show: numbered frames, a flash and a beep every second."""
    from vitrine.server.commands.sample import sample as run_sample

    run_sample(output, seconds, size, rate)


@main.command()
@click.argument("url")
@click.option("--seconds", default=30.0, show_default=True, type=click.FloatRange(1, 24 * 3600), help="How long.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def check(url: str, seconds: float, as_json: bool, quiet: bool) -> None:
    """Watch the HLS stream at URL, and report every rule that it breaks; see docs/check.md."""
    from vitrine.server.commands.check import check as run_check

    _run(run_check(url, seconds, as_json, quiet))


if __name__ == "__main__":
    main()
