"""One publisher's connection: bytes in, events and bytes out. No sockets, no clock."""

from vitrine.ingest.publish import Refusal
from vitrine.ingest.rtmp.chunk import Message
from vitrine.ingest.rtmp.events import Event, MediaReceived
from vitrine.ingest.rtmp.link import Link
from vitrine.ingest.rtmp.session import Session, State
from vitrine.media.errors import MisuseError, VitrineError

HANDSHAKE_SECONDS = 10.0
"""Mobile encoders on bad networks take some seconds; ant-media#7787 tells of failures with shorter limits."""

PUBLISH_SECONDS = 20.0
"""From connecting to publishing: eight round trips, the encoder does nothing in between."""

IDLE_SECONDS = 15.0
"""Without media. OBS and FFmpeg that lost their network do not close the connection."""

LINGER_SECONDS = 2.0
"""For the peer to read our last words: closing with its media unread would reset the connection and lose them."""


class RtmpConnection:
    """The publisher's side is played by client.py, or by OBS.

    Call receive_data, then take events_received, then data_to_send; and handle_deadline when next_deadline() has
    passed. Answer PublishRequested before the next receive_data. After SessionEnded what comes is discarded;
    `expired` tells when to close the socket.
    """

    def __init__(self, random: bytes, now: float) -> None:
        """`random` are handshake.RANDOM random bytes."""
        self.expired = False
        self._link = Link(random, client=False)
        self._session = Session()
        self._held: list[Message] = []  # what came with the request to publish, until it is answered
        self._deadline = now + HANDSHAKE_SECONDS
        self._publish_deadline = now + PUBLISH_SECONDS

    @property
    def received(self) -> int:
        """Bytes in, until the session ended."""
        return self._link.received

    @property
    def dropped(self) -> dict[str, int]:
        """Messages that could not be used, by why."""
        return dict(self._session.tracks.dropped)

    def receive_data(self, data: bytes, now: float) -> None:
        """Take bytes as they come. What is wrong with them becomes a SessionEnded, never an exception."""
        before = self._session.state
        if before is State.ENDED:
            return
        if before is State.ASKING:
            raise MisuseError("PublishRequested is to be answered before more data are received")
        try:
            self._receive(data)
        except VitrineError as error:
            self._session.end(str(error))
        self._set_deadline(before, now)

    def receive_eof(self, now: float) -> None:
        """The peer sends no more. Often the only end of a stream."""
        self._end("the publisher closed the connection", now)
        self.expired = True

    def events_received(self) -> list[Event]:
        """What happened, in order; the last one ever is SessionEnded."""
        events, self._session.events = self._session.events, []
        return events

    def data_to_send(self) -> bytes:
        """What the peer is to be told now."""
        for message in self._session.outgoing:
            self._link.send(message)
        self._session.outgoing = []
        return self._link.data_to_send()

    def accept_publish(self, now: float) -> None:
        """Answer PublishRequested with yes; what the publisher sent without waiting for it follows as events."""
        self._session.accept_publish()
        self._link.allow_media()
        before = self._session.state
        held, self._held = self._held, []
        try:
            for message in held:
                self._session.receive(message)
            if self._link.stopped:
                self._receive(b"")
        except VitrineError as error:
            self._session.end(str(error))
        self._set_deadline(before, now)

    def refuse_publish(self, refusal: Refusal, text: str, now: float) -> None:
        """Answer PublishRequested with no; SessionEnded follows. The publisher's program shows `text`."""
        before = self._session.state
        self._session.refuse_publish(refusal, text)
        self._set_deadline(before, now)

    def close(self, text: str, now: float, *, stopping: bool = False) -> None:
        """End the session from our side; SessionEnded follows. `stopping` where it is the server that ends."""
        before = self._session.state
        self._session.close(text, stopping=stopping)
        self._set_deadline(before, now)

    def next_deadline(self) -> float:
        """When handle_deadline is due. It only ever moves later, except when the session ends."""
        return self._deadline

    def handle_deadline(self, now: float) -> None:
        """Give up on a silent peer; or, some time after the end, let the socket be closed."""
        if now < self._deadline:
            return
        if self._session.state is State.ENDED:
            self.expired = True
        elif not self._link.open:
            self._end(f"no RTMP handshake within {HANDSHAKE_SECONDS:g} s", now)
        elif self._session.state in (State.CONNECTING, State.CONNECTED):
            self._end(f"nothing was published within {PUBLISH_SECONDS:g} s", now)
        else:
            self.close(f"No audio or video came for {IDLE_SECONDS:g} s", now)

    def _receive(self, data: bytes) -> None:
        """Act on the messages before a fault in the chunks, then raise it."""
        try:
            self._link.receive_data(data)
        finally:
            for message in self._link.events_received():
                if self._session.state is State.ASKING:
                    self._held.append(message)
                else:
                    self._session.receive(message)
        if self._link.stopped and self._session.state not in (State.ASKING, State.ENDED):
            self._receive(b"")

    def _end(self, reason: str, now: float) -> None:
        before = self._session.state
        self._session.end(reason)
        self._set_deadline(before, now)

    def _set_deadline(self, before: State, now: float) -> None:
        """`before` is the state that the session was in until now."""
        state = self._session.state
        if state is State.ENDED:
            if before is not State.ENDED:
                self._deadline = now + LINGER_SECONDS
        elif state in (State.ASKING, State.PUBLISHING):
            heard = any(isinstance(event, MediaReceived) for event in self._session.events)
            if heard or state is not before:
                self._deadline = now + IDLE_SECONDS
        elif self._link.open:
            self._deadline = self._publish_deadline
