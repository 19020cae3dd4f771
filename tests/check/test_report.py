import json
from collections.abc import Iterator

import pytest

from vitrine.check.finding import Rule, Severity, rule
from vitrine.check.report import Report
from vitrine.check.watch import Watch


def finding(severity: Severity) -> Rule[int]:
    @rule("draft 6.2.1", severity)
    def numbers_are_small(count: int) -> Iterator[str]:
        """Every number is small."""
        yield from (f"{number} is not" for number in range(count))

    return numbers_are_small


def watched(*found: tuple[Severity, int]) -> Report:
    watch = Watch("http://a/live/index.m3u8", 30.0)
    watch.counts.playlists, watch.counts.media, watch.counts.bytes = 12, 34, 5_600_000
    for place, (severity, count) in enumerate(found):
        watch.findings.apply((finding(severity),), count, f"playlist {place}")
    return Report.of(watch, 30.04)


def test_nothing_found() -> None:
    report = watched()
    assert report.as_text() == ("http://a/live/index.m3u8: 12 playlists and 34 media files, 5.6 MB in 30 s; no finding")
    assert report.exit_code == 0


def test_findings_for_a_reader() -> None:
    report = watched((Severity.WARNING, 1), (Severity.ERROR, 5), (Severity.WARNING, 1))
    assert report.as_text().splitlines() == [
        "error    playlist 1  Every number is small. [draft 6.2.1; numbers-are-small]",
        "           0 is not",
        "           1 is not",
        "           2 is not",
        "           and 2 more",
        "warning  playlist 0  Every number is small. [draft 6.2.1; numbers-are-small]",
        "           0 is not",
        "warning  playlist 2  Every number is small. [draft 6.2.1; numbers-are-small]",
        "           0 is not",
        "http://a/live/index.m3u8: 12 playlists and 34 media files, 5.6 MB in 30 s; 1 error, 2 warnings",
    ]


def test_findings_for_a_program() -> None:
    data = json.loads(json.dumps(watched((Severity.NOTE, 4)).as_json()))
    assert data["findings"] == [
        {
            "rule": "numbers-are-small",
            "section": "draft 6.2.1",
            "severity": "note",
            "text": "Every number is small.",
            "playlist": "playlist 0",
            "seen": ["0 is not", "1 is not", "2 is not"],
            "count": 4,
        }
    ]
    assert (data["url"], data["seconds"], data["unchecked"]) == ("http://a/live/index.m3u8", 30.0, [])


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ([Severity.NOTE], 0),
        ([Severity.NOTE, Severity.WARNING], 3),
        ([Severity.ERROR, Severity.WARNING], 4),
    ],
)
def test_the_worst_decides_the_exit_code(found: list[Severity], code: int) -> None:
    assert watched(*((severity, 1) for severity in found)).exit_code == code
