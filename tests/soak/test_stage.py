from types import SimpleNamespace

import psutil

from soak.stage import Stage


async def test_a_server_that_ended_by_itself_is_told_of_and_nothing_else_fails() -> None:
    told: list[tuple[str, str]] = []

    def gone() -> None:
        raise psutil.NoSuchProcess(1)

    async def ended() -> int:
        return -11

    stage = SimpleNamespace(
        memory=SimpleNamespace(seen=set()),
        server=SimpleNamespace(children=gone, end=ended),
        journal=SimpleNamespace(fail=lambda *words: told.append(words)),
    )
    await Stage._end_server(stage)  # type: ignore[arg-type]
    assert told == [("server", "ended with status -11")]
