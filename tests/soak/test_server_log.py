import json

import pytest

from soak.server_log import mistakes


def record(level: str, message: str, logger: str = "vitrine.server", **more: str) -> str:
    return json.dumps({"time": "t", "level": level, "logger": logger, "message": message, **more}) + "\n"


@pytest.mark.parametrize(
    "line",
    [
        record("info", "127.0.0.1: closed: the publisher stopped"),
        record("error", "The transcoder ended by signal SIGKILL. It is being replaced.", "vitrine.transcoder"),
        record("error", "the media process of WHIP ended", "vitrine.ingest.whip"),
        record("warning", "127.0.0.1: a message that cannot be read", "vitrine.ingest.rtmp"),
        "\n",
    ],
)
def test_what_our_faults_cause_is_expected(line: str) -> None:
    assert list(mistakes([line])) == []


@pytest.mark.parametrize(
    "line",
    [
        "Traceback (most recent call last):\n",
        "[1, 2]\n",
        record("info", "done", error="Traceback (most recent call last)"),
        record("error", "Task exception was never retrieved", "asyncio"),
        record("warning", "127.0.0.1: odd", "vitrine.other"),
        record("error", "The transcoder ended with status 1. It is being replaced.", "vitrine.transcoder"),
        record("error", "The transcoder ended by signal SIGSEGV. It is being replaced.", "vitrine.transcoder"),
        record("error", "show: broadcast b1 failed: it was given up", "vitrine.broadcast"),
    ],
)
def test_everything_else_is_a_mistake(line: str) -> None:
    assert len(list(mistakes([record("info", "before"), line, record("info", "after")]))) == 1
