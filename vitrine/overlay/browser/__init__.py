"""The player module: scripts without dependency that tell a page what is on show on the frame on screen.

docs/player.md says how to use them. They are files to hand out, from here or by anyone's own server.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

MODULES = ("vitrine-products.js", "vitrine-snapshot.js")
"""The first is the one to import; it imports the other from beside itself."""


@cache
def modules() -> Mapping[str, bytes]:
    """The scripts by name, as bytes of UTF-8."""
    return {name: (files(__name__) / name).read_bytes() for name in MODULES}
