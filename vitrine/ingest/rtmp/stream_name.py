"""Where the application and the stream key are: programs split one address in several ways."""

from vitrine.media.errors import RefusedError

APP = "live"

MISSING_KEY = "The stream key is missing. Publish to rtmp://HOST/live and enter the channel's stream key."
WRONG_APP = "This address takes no streams. Publish to rtmp://HOST/live and enter the channel's stream key."


def split_name(app: str, tc_url: str, name: str) -> tuple[str, str]:
    """Application and stream key, from the connect command's `app` and `tcUrl` and the publish command's name.

    FFmpeg gives `rtmp://host/live/key` as app `live`, name `key`; OBS without a key in its settings gives the
    whole path as app and no name. A query may hang on each of them and belongs to none: programs append it for
    services of their own. Raises RefusedError, which never repeats a key.
    """
    path = _path(app) or _path(_after_host(tc_url.strip("'\"")))
    key = "/".join(_path(name))
    if not key:
        if path and path != [APP]:
            path, key = path[:-1] or [APP], path[-1]
        else:
            raise RefusedError(MISSING_KEY)
    if path and path[0] != APP:
        raise RefusedError(WRONG_APP)
    return "/".join(path) or APP, key


def _path(text: str) -> list[str]:
    return [part for part in text.strip("'\"").partition("?")[0].split("/") if part]


def _after_host(url: str) -> str:
    return url.partition("://")[2].partition("/")[2]
