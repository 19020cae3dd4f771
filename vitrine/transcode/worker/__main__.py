"""`python -m vitrine.transcode.worker`: messages on standard input, messages on standard output."""

import os
import time

from vitrine.confinement.confine import confine_transcoder
from vitrine.media.errors import VitrineError
from vitrine.transcode.ipc import Begin, Finish, Message, MessageReader
from vitrine.transcode.worker.output import Output
from vitrine.transcode.worker.session import Session

READ_SIZE = 1 << 18
STATS_SECONDS = 1.0


def main() -> None:
    """Until Finish, or until the server is gone."""
    output = Output(os.dup(1))
    os.dup2(2, 1)  # whatever a library prints must not end up between two messages
    confine_transcoder()  # what this machine cannot do the server has told at its start
    try:
        run(output)
    except VitrineError as error:
        output.fail(str(error))
    except BrokenPipeError:
        os._exit(1)


def run(output: Output) -> None:
    reader = MessageReader()
    session: Session | None = None
    next_stats = time.monotonic() + STATS_SECONDS
    while data := os.read(0, READ_SIZE):
        reader.receive_data(data)
        for message in reader.events_received():
            session = _handle(message, session, output)
            if isinstance(message, Finish):
                return
        if session and time.monotonic() >= next_stats:
            next_stats = time.monotonic() + STATS_SECONDS
            output.send(session.stats())
    os._exit(0)  # the server is gone: nobody wants the rest


def _handle(message: Message, session: Session | None, output: Output) -> Session:
    if isinstance(message, Begin):
        return Session(message.plan, output)
    if session is None:
        output.fail("A worker was given media before its plan")
    assert session
    session.push(message)
    return session


if __name__ == "__main__":
    main()
