"""Who publishes on a broadcast, and which of them is on air: the primary, or the backup while the primary is silent."""

from typing import Literal

from vitrine.ingest.publish import PublishRefusedError, PublishRequest, Refusal
from vitrine.server.session import Session

Role = Literal["primary", "backup"]

SILENT = 1.0
"""Seconds without a picture after which the session on air is replaced by one that has pictures."""

UNBROKEN = 2.0
"""Seconds for which the primary must have sent again before it is put back on air: one that comes and goes would make
viewers see every turn."""

DISTRUST = 180.0
"""Seconds for which one whose stream could not be shown does not take the place of one whose stream can: twice as long
as it takes to find that out, so that the show ends where neither can be shown."""


class Inputs:
    """`on_air` is the session that is shown, or waited for where it has not begun."""

    def __init__(self) -> None:
        self.on_air: Session | None = None
        self._useless: Session | None = None  # whose pictures could not be decoded
        self._distrusted: dict[Role, float] = {}  # until when
        self._sessions: dict[Role, Session] = {}

    @property
    def all(self) -> tuple[Session, ...]:
        return tuple(self._sessions.values())

    @property
    def standby(self) -> Session | None:
        """The session that is not on air."""
        return next((session for session in self.all if session is not self.on_air), None)

    @property
    def backed(self) -> bool:
        """The one that stands by has something to begin with."""
        return self.standby is not None and self.standby.ready

    @property
    def on_air_role(self) -> Role | None:
        return next((role for role, session in self._sessions.items() if session is self.on_air), None)

    @property
    def standby_role(self) -> Role | None:
        return next((role for role, session in self._sessions.items() if session is not self.on_air), None)

    def of(self, role: Role) -> Session | None:
        return self._sessions.get(role)

    def check(self, request: PublishRequest, role: Role) -> None:
        """Raise PublishRefusedError where a publisher that is well need not make way for this one."""
        present = self.of(role)
        if present is not None and present.is_well and not request.replaces(present.request):
            raise PublishRefusedError(
                Refusal.BUSY,
                f"Another publisher is live on this channel by {present.request.protocol.upper()}. "
                "Stop it first, or take over from it with ?takeover=1 after the address.",
            )

    def add(self, role: Role, session: Session) -> Session | None:
        """Let a session in; the one whose place it takes, if there is one."""
        former = self._sessions.get(role)
        self._sessions[role] = session
        if self.on_air is None or self.on_air is former:
            self.on_air = session
        return former

    def remove(self, session: Session) -> bool:
        """Whether it was still one of them."""
        role = next((role for role, each in self._sessions.items() if each is session), None)
        if role is None:
            return False
        del self._sessions[role]
        if self.on_air is session:
            self.on_air = None
        return True

    def distrust(self, now: float) -> None:
        """What is on air cannot be shown."""
        if self.on_air_role is not None:
            self._distrusted[self.on_air_role] = now + DISTRUST

    def has_another(self, now: float) -> bool:
        """Whether the one that stands by can be shown, as far as is known."""
        standby = self.standby
        sends = standby is not None and standby.ready and standby.silent_for(now) <= SILENT
        return sends and self._trusts(self.standby_role, now)

    def _trusts(self, role: Role | None, now: float) -> bool:
        return role is not None and now >= self._distrusted.get(role, now)

    def better(self, now: float, blind: bool = False) -> Session | None:
        """The session that is to be on air instead of the one that is. That one is of no use while viewers are `blind`
        with it: what it sends cannot be decoded. It does not come back by itself, but where the other is silent.
        """
        standby, on_air = self.standby, self.on_air
        if self._useless is on_air:
            self._useless = None
        if standby is None or not standby.ready or standby.silent_for(now) > SILENT / 2:
            return None
        if on_air is None or on_air.silent_for(now) > SILENT:
            return standby
        if standby is self._useless:
            return None
        if blind:
            self._useless = on_air
            return standby
        returns = standby is self.of("primary") and standby.unbroken_for(now) > UNBROKEN
        return standby if returns and self._trusts("primary", now) else None
