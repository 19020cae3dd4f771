import logging

import pytest

from vitrine.ingest.publish import PublishRequest
from vitrine.server.session import Session
from vitrine.server.trace import trace_session


class Nobody:
    """The session is not heard of again."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(name)


def test_one_line_tells_a_sessions_life(caplog: pytest.LogCaptureFixture) -> None:
    request = PublishRequest("rtmp", "s3cret", "192.0.2.1", lambda _: None)
    session = Session(request, Nobody(), lambda: pytest.fail("nothing came"))  # type: ignore[arg-type]
    session.describe("OBS 31.0", None)
    session.received = 1_000_000
    with caplog.at_level(logging.INFO, "vitrine.trace"):
        trace_session("show", "b1", session, "the publisher stopped")
    (record,) = caplog.records
    assert record.getMessage().startswith(
        "session channel=show broadcast=b1 protocol=rtmp address=192.0.2.1 encoder=OBS-31.0 seconds="
    )
    assert record.getMessage().endswith("reason=the publisher stopped")
    fields = record.__dict__["fields"]
    assert (fields["event"], fields["bytes"], fields["dropped"]) == ("session", 1_000_000, 0)
    assert "s3cret" not in record.getMessage()
