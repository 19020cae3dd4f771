from fractions import Fraction
from types import SimpleNamespace

import pytest

from vitrine.ingest.publish import PublishRequest
from vitrine.server import vitals
from vitrine.server.session import Session
from vitrine.server.vitals import Vitals
from vitrine.transcode.events import Stats


def session(received: int, begun: float) -> Session:
    """One that has sent so many bytes since it began."""
    request = PublishRequest("rtmp", "key", "127.0.0.1", lambda _reason: None)
    made = Session(request, SimpleNamespace(), Fraction)
    made.received, made.begun = received, begun
    return made


def test_what_comes_in_is_counted_for_each_session_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(vitals, "time", SimpleNamespace(monotonic=lambda: now))
    watched, primary, backup = Vitals(), session(500_000, 99.0), session(50_000_000, 0.0)
    watched.report(Stats(), primary)
    assert watched.ingest_kbps == 4000
    now += 1
    primary.received += 250_000
    watched.report(Stats(), primary)
    assert watched.ingest_kbps == 2000
    now += 1
    backup.received += 1_000_000
    watched.report(Stats(), backup)
    assert watched.ingest_kbps == 4000  # since it began, and not 402,000
    now += 1
    backup.received += 375_000
    watched.report(Stats(), backup)
    assert watched.ingest_kbps == 3000


def test_pictures_of_which_none_is_decoded() -> None:
    watched, publisher = Vitals(), session(0, 0.0)
    seen = []
    for decoded, refused in ((30, 0), (30, 5), (30, 35), (31, 65), (31, 66), (31, 66), (31, 96), (31, 97)):
        watched.report(Stats(frames_in=decoded, undecodable=refused), publisher)
        seen.append(watched.is_blind(publisher))
    assert seen == [False, False, True, False, False, False, False, True]
    another = session(0, 0.0)
    assert not watched.is_blind(another), "nothing is known of it"
    watched.report(Stats(frames_in=31, undecodable=98), another)
    assert not watched.is_blind(another)
