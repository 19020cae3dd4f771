"""Whether a channel's next broadcast is a rehearsal, and the unlisted address of that. Outlives the server.

A server that comes back must not put an encoder that comes back on air before viewers: so the switch is a file.
"""

import contextlib
import hmac
import os
import secrets
from pathlib import Path

SECRET_BYTES = 16
"""Nobody guesses 128 bits."""

FILE_NAME = "rehearsal"

SEPARATOR = "~"
"""Between a channel's name, which cannot hold it, and the secret."""


class Switch:
    """`on` tells of the next broadcast. `secret` is there once it has been on."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the channel's. What cannot be read is off."""
        self._path = folder / FILE_NAME
        self.secret: str | None = None
        with contextlib.suppress(OSError, UnicodeDecodeError):
            self.secret = self._path.read_text(encoding="ascii").strip() or None
        self.on = self.secret is not None

    def turn(self, on: bool, on_air: bool) -> None:
        """Each time that it is turned on has a secret of its own, unless a rehearsal is `on_air`: its links stay.

        Raises OSError where it cannot be kept; then it is as before.
        """
        if on and not self.on:
            secret = self.secret if self.secret and on_air else secrets.token_urlsafe(SECRET_BYTES)
            self._keep(secret)
            self.secret = secret
        elif not on:
            self._path.unlink(missing_ok=True)
        self.on = on

    def opens(self, secret: str) -> bool:
        return self.secret is not None and hmac.compare_digest(self.secret.encode(), secret.encode("utf-8", "replace"))

    def _keep(self, secret: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._path.with_name(f"{FILE_NAME}.{os.getpid()}")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secret + "\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(self._path)
