"""Shaka Player, which is fetched for tests only (browser/package-lock.json)."""

import fcntl
import shutil
import subprocess
from pathlib import Path

from browser.build_hook import find_npm

BROWSER = Path(__file__).parents[2] / "browser"
NPM_ARGUMENTS = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def shaka_script(folder: Path) -> str:
    """The script of the pinned Shaka Player, kept in a folder from one run to the next."""
    script = folder / "node_modules/shaka-player/dist/shaka-player.compiled.js"
    lock = folder / "package-lock.json"
    with (folder / "fetching").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # tests may run in two processes
        if not script.is_file() or lock.read_bytes() != (BROWSER / "package-lock.json").read_bytes():
            for name in ("package.json", ".npmrc", "package-lock.json"):
                shutil.copy(BROWSER / name, folder / name)
            subprocess.run([*find_npm(), *NPM_ARGUMENTS], cwd=folder, check=True, timeout=300, capture_output=True)
    return script.read_text("utf-8")
