"""Which lines of a server's log tell of a mistake of its own. Pure."""

import json
import re
from collections.abc import Iterable, Iterator

EXPECTED = (
    re.compile(r"SIG(KILL|STOP|TERM).*It is being replaced"),
    re.compile(r"the media process of WHIP ended"),
    re.compile(r"the publisher is dismissed: "),
    re.compile(r"encoding is \d+ ms behind: "),
    re.compile(r"a transcoder is not confined as it should be: "),
)
"""Of warnings and errors: what our own faults make it say. Who adds a fault adds its words."""

STRANGERS = "vitrine.ingest.rtmp"
"""Warns of what publishers send; that is their mistake."""


def mistakes(lines: Iterable[str]) -> Iterator[str]:
    """Of a log in JSON: whatever is no record, has a traceback, or is a warning or an error that nobody caused."""
    for line in lines:
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            level, logger, message = record["level"], record["logger"], str(record["message"])
        except (ValueError, TypeError, KeyError):
            yield line.rstrip()
            continue
        if "error" in record:
            yield f"{message}: {record['error']}"
        elif level not in ("warning", "error", "critical") or (level == "warning" and logger == STRANGERS):
            continue
        elif not any(each.search(message) for each in EXPECTED):
            yield f"{level} {logger}: {message}"
