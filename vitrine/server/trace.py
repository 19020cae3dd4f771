"""One line of the log for each publisher's session, when it is over: what an operator asks about it the next day."""

import logging
import time
from collections.abc import Mapping

from vitrine.server.session import Session

log = logging.getLogger("vitrine.trace")


def trace_session(channel: str, broadcast: str, session: Session, reason: str) -> None:
    """`fields` of the record hold the same for programs."""
    fields = session_fields(channel, broadcast, session, reason)
    words = " ".join(f"{name}={value}" for name, value in fields.items() if name != "reason")
    log.info("session %s reason=%s", words, reason, extra={"fields": {"event": "session", **fields}})


def session_fields(channel: str, broadcast: str, session: Session, reason: str) -> Mapping[str, object]:
    seconds = time.monotonic() - session.begun
    fields: dict[str, object] = {
        "channel": channel,
        "broadcast": broadcast,
        "protocol": session.request.protocol,
        "address": session.request.address,
        "encoder": "-".join(session.encoder.split()) or "unnamed",
        "seconds": round(seconds, 1),
        "bytes": session.received,
        "kbps": round(session.received / 125 / seconds) if seconds > 0 else 0,
        "dropped": session.dropped,
    }
    if session.measured is not None:
        fields |= {"lost": session.measured.lost, "repaired": session.measured.repaired}
    return {**fields, "reason": reason}
