"""The image that a channel shows while there is no picture, checked when the server starts."""

from pathlib import Path

from PIL import Image, UnidentifiedImageError

from vitrine.media.errors import ConfigError
from vitrine.transcode.ladder import Slate

MOST_BYTES = 4 << 20
"""It is sent to the worker in one message; a photograph of 4096 pixels' width has 2 MB."""

MOST_PIXELS = 4096 * 4096
FORMATS = ("PNG", "JPEG", "WEBP")


def load_slate(title: str, path: Path | None) -> Slate:
    """The slate of a channel. Raises ConfigError for an image that cannot be shown."""
    if path is None:
        return Slate(title)
    try:
        data = path.read_bytes()
        if len(data) > MOST_BYTES:
            raise ConfigError(f"The slate {path} has {len(data)} bytes; make it smaller than {MOST_BYTES >> 20} MB")
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise ConfigError(f"The slate {path} is {image.width}x{image.height}; 1920x1080 is all that is shown")
            image.load()
    except UnidentifiedImageError as error:
        raise ConfigError(f"The slate {path} is no image; take a {', '.join(FORMATS)} file") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ConfigError(f"The slate {path} cannot be read: {error}") from error
    return Slate(title, data)
