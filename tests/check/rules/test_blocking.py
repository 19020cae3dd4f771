import pytest

from tests.check.breaking import broken, response
from tests.check.playlists import LATER, LIVE
from vitrine.check.playlist.media import parse_media
from vitrine.check.reloading import Directives, Form, probe
from vitrine.check.rules import blocking
from vitrine.check.rules.blocking import Blocked


def blocked(form: Form, status: int, took: float = 0.1, after: str | None = None) -> Blocked:
    before = parse_media(LIVE)
    directives = Directives(46, 2) if form is Form.NEXT_PART else probe(form, before)
    if form is Form.ENDED:
        directives = Directives(46)
    assert directives is not None
    whole = parse_media(after) if after else None
    return Blocked(form, directives, response(status=status, took=took), before, whole)


@pytest.mark.parametrize(
    "one",
    [
        blocked(Form.PART_ALONE, 400),
        blocked(Form.FAR_SEGMENT, 400),
        blocked(Form.FAR_PART, 400),
        blocked(Form.FAR_PART, 200, after=LATER),
        blocked(Form.LISTED, 200, after=LIVE),
        blocked(Form.GONE, 200, after=LIVE),
        blocked(Form.PAST_ITS_LAST_PART, 200, after=LIVE),
        blocked(Form.NEXT_PART, 200, took=0.5, after=LATER),
        blocked(Form.NEXT_SEGMENT, 200, took=2, after=LATER),
        blocked(Form.NEXT_SEGMENT, 200, took=2, after=LIVE + "#EXT-X-ENDLIST\n"),
        blocked(Form.ENDED, 200, after=LIVE + "#EXT-X-ENDLIST\n"),
    ],
    ids=lambda one: one.form.name,
)
def test_what_is_right(one: Blocked) -> None:
    assert broken(blocking.RULES, one) == {}


@pytest.mark.parametrize(
    ("one", "rules"),
    [
        (blocked(Form.PART_ALONE, 200, after=LIVE), {"part-without-segment-is-refused"}),
        (blocked(Form.FAR_SEGMENT, 200, after=LIVE), {"what-is-far-ahead-is-refused"}),
        (blocked(Form.FAR_PART, 200, after=LIVE), {"what-is-far-ahead-is-refused"}),
        (blocked(Form.FAR_PART, 200, took=1.5, after=LATER), {"what-is-far-ahead-is-refused"}),
        (blocked(Form.FAR_PART, 0, took=4), {"what-is-far-ahead-is-refused"}),
        (blocked(Form.LISTED, 400), {"what-is-there-is-answered-at-once"}),
        (blocked(Form.GONE, 404), {"what-is-there-is-answered-at-once"}),
        (blocked(Form.LISTED, 200, took=3.5, after=LIVE), {"what-is-there-is-answered-at-once"}),
        (blocked(Form.ENDED, 400), {"what-is-there-is-answered-at-once"}),
        (blocked(Form.NEXT_SEGMENT, 404), {"blocking-reload-is-answered"}),
        (blocked(Form.PAST_ITS_LAST_PART, 400), {"blocking-reload-is-answered"}),
        (blocked(Form.NEXT_PART, 200, after=LIVE), {"answer-holds-what-was-asked-for"}),
        (blocked(Form.NEXT_SEGMENT, 200, after=LIVE), {"answer-holds-what-was-asked-for"}),
        (blocked(Form.NEXT_PART, 200, took=8, after=LATER), {"nothing-is-held-too-long"}),
        (blocked(Form.NEXT_PART, 503, took=6), {"playlist-can-be-had"}),
    ],
)
def test_what_is_wrong(one: Blocked, rules: set[str]) -> None:
    found = broken(blocking.RULES, one)
    assert set(found) == rules
    assert all(one.form.value in seen for each in found.values() for seen in each)
