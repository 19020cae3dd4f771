"""Bytes to messages and back, the same on both sides: handshake, chunks, acknowledgements, pings."""

from vitrine.ingest.rtmp.chunk import MAX_COMMAND, MAX_MESSAGE, ChunkReader, ChunkWriter, Message
from vitrine.ingest.rtmp.handshake import Handshake
from vitrine.ingest.rtmp.message import MessageType, UserControl, UserControlType, control, control_value

WINDOW_SIZE = 2_500_000
"""Bytes between acknowledgements, until the peer names its own window. Flash Media Server's."""

SMALLEST_WINDOW = 65_536
"""A peer that wants acknowledgements more often does not get them."""


class Link:
    """`received` counts all bytes in; `open` tells whether the handshake is done."""

    def __init__(self, random: bytes, *, client: bool) -> None:
        """`random` are handshake.RANDOM random bytes."""
        self.received = 0
        self._handshake: Handshake | None = Handshake(random, client=client)
        self._reader = ChunkReader(MAX_COMMAND)
        self._writer = ChunkWriter()
        self._messages: list[Message] = []
        self._outgoing = bytearray(self._handshake.data_to_send())
        self._acknowledged = 0
        self._window = WINDOW_SIZE

    @property
    def open(self) -> bool:
        return self._handshake is None

    def receive_data(self, data: bytes) -> None:
        """Raises VitrineError where the connection cannot go on; messages before the fault are kept."""
        self.received += len(data)
        if self._handshake is not None:
            data = self._shake_hands(self._handshake, data)
        try:
            self._reader.receive_data(data)
        finally:
            for message in self._reader.events_received():
                self._receive(message)
        self._acknowledge()

    @property
    def stopped(self) -> bool:
        """What comes next is over a limit that the messages before may raise; see ChunkReader."""
        return self._reader.stopped

    def allow_media(self) -> None:
        """Take large messages from here on."""
        self._reader.max_message = MAX_MESSAGE

    def events_received(self) -> list[Message]:
        """Messages for the layer above."""
        messages, self._messages = self._messages, []
        return messages

    def send(self, message: Message) -> None:
        """Queue a message. One that sets the chunk size acts on the messages after it."""
        self._outgoing += self._writer.write(message)
        if message.type == MessageType.SET_CHUNK_SIZE:
            self._writer.chunk_size = control_value(message)

    def data_to_send(self) -> bytes:
        outgoing, self._outgoing = bytes(self._outgoing), bytearray()
        return outgoing

    def _shake_hands(self, handshake: Handshake, data: bytes) -> bytes:
        """What follows the handshake in `data`."""
        handshake.receive_data(data)
        self._outgoing += handshake.data_to_send()
        if not handshake.complete:
            return b""
        self._handshake = None
        return handshake.excess()

    def _receive(self, message: Message) -> None:
        if message.type == MessageType.USER_CONTROL:
            request = UserControl.decode(message.payload)
            if request.kind == UserControlType.PING_REQUEST:
                self.send(UserControl(UserControlType.PING_RESPONSE, request.data[:4]).message())
        elif message.type == MessageType.WINDOW_SIZE:
            self._window = max(control_value(message), SMALLEST_WINDOW)
        else:
            self._messages.append(message)

    def _acknowledge(self) -> None:
        """RTMP 1.0 section 5.4.3; the count wraps."""
        if self.open and self.received - self._acknowledged >= self._window:
            self._acknowledged = self.received
            self.send(control(MessageType.ACKNOWLEDGEMENT, self.received & 0xFFFFFFFF))
