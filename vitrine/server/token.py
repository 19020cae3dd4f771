"""The API token: configured, or made at the first start and kept in the data folder."""

import os
import secrets
from pathlib import Path

from vitrine.media.errors import ConfigError

FILE_NAME = "api-token"
TOKEN_BYTES = 32


def api_token(configured: str | None, data: Path) -> str:
    """The token of this server. Raises ConfigError where it can be neither read nor kept."""
    if configured is not None:
        return configured
    path = data / FILE_NAME
    try:
        data.mkdir(parents=True, exist_ok=True)
        return _kept(path) or _made(path)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The API token {path} cannot be kept: {error}. Name another folder as server.data."
        ) from error


def _kept(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""


def _made(path: Path) -> str:
    """Written whole under another name first: nobody ever reads half of it, and nobody else reads it at all."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(token + "\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
    return token
