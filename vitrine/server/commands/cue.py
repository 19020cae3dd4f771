"""`vitrine cue`: a cue from a shell."""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

import aiohttp
import click

from vitrine.media.errors import ConfigError, RefusedError, VitrineError
from vitrine.server.token import FILE_NAME

TRIES = 4
"""Of one command. The same idempotency key goes with each, so that it is stamped once."""

PAUSE = 0.5
"""Seconds before the second try, doubled with each."""

TIMEOUT = 10.0


def command_of(
    action: str, words: Sequence[str], slot: int | None = None, at: Mapping[str, object] | None = None
) -> dict[str, object]:
    """What is sent for the words of a command line: products, or of `undo` an entry's number. Raises ConfigError."""
    command: dict[str, object] = {"action": action}
    if action == "undo":
        if len(words) != 1 or not (words[0].isascii() and words[0].isdecimal()):
            raise ConfigError(
                "undo takes the number of the entry that was mistaken, as its command printed it: undo 41"
            )
        command["entry"] = int(words[0])
    elif words:
        command["products"] = list(words)
    if slot is not None:
        command["slot"] = slot
    if at:
        command["at"] = dict(at)
    return command


async def cue(server: str, channel: str, token: str, command: dict[str, object]) -> None:
    """Send a command, and print what was stamped. Raises VitrineError in words."""
    address = f"{server.rstrip('/')}/api/channels/{channel}/cues"
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": uuid.uuid4().hex}
    timeout = aiohttp.ClientTimeout(total=TIMEOUT)
    async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
        click.echo(_told(await _send(session, address, command)))


async def _send(session: aiohttp.ClientSession, address: str, command: dict[str, object]) -> dict[str, object]:
    for attempt in range(TRIES):
        last = attempt == TRIES - 1
        try:
            async with session.post(address, json=command) as response:
                body = await response.json(content_type=None)
                if response.status == 200 and isinstance(body, dict):
                    return body
                if response.status != 429 or last:
                    raise RefusedError(_refusal(body, response.status))
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            if last or isinstance(error, aiohttp.InvalidURL):
                text = "check --server, and whether it runs"
                raise VitrineError(
                    f"{address} does not answer as Vitrine does ({error or 'no answer'}); {text}"
                ) from error
        await asyncio.sleep(PAUSE * 2**attempt)
    raise AssertionError("the last try returns or raises")


def _refusal(body: object, status: int) -> str:
    detail = body.get("detail") if isinstance(body, dict) else None
    return str(detail) if detail else f"The server answered with status {status}"


def _told(answer: dict[str, object]) -> str:
    snapshot = answer["snapshot"]
    on = snapshot["on"] if isinstance(snapshot, dict) else []
    shown = ", ".join(f"{each['s']}: {each['p']}" for each in on) or "nothing"
    done = "Nothing to change" if answer["entry"] is None else f"Entry {answer['entry']}"
    late = ", a correction" if answer["late"] else ""
    return f"{done} at frame {answer['frame']} ({answer['date']}{late}). On show: {shown}"


def kept_token(data: Path) -> str:
    """The token in a server's data folder. Raises ConfigError."""
    path = data / FILE_NAME
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"There is no API token: give --token, set VITRINE_API_TOKEN, or name the server's data folder by --data "
            f"({path}: {error})"
        ) from error
