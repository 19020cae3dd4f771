from pathlib import Path

import msgspec
import pytest

from tests.server.kept import RENDITIONS, new_index
from vitrine.media.errors import MalformedError
from vitrine.packager.run import FIRST_RUN, Run
from vitrine.server.index import FILE_NAME, Absent, Index, write_index


def test_all_of_it_is_read_again(tmp_path: Path) -> None:
    written = new_index("b7", 60).with_run(Run(3, 4, 5))
    written = msgspec.structs.replace(written, absent=Absent("gone", stopped=True, until=5.5))
    write_index(tmp_path, written)
    read = Index.decode((tmp_path / FILE_NAME).read_bytes())
    assert read == written
    assert read.all_runs == (FIRST_RUN, Run(3, 4, 5))
    assert read.renditions == RENDITIONS
    assert [each.name for each in tmp_path.iterdir()] == [FILE_NAME]


@pytest.mark.parametrize(
    "change",
    [
        {"v": 1},
        {"runs": []},
        {"runs": [[1, 2, 3]]},
        {"rate": "1/0"},
        {"rate": "x"},
        {"opened": "AAAA"},
        {"opened": "?"},
    ],
)
def test_what_cannot_be_gone_on_from_is_refused(change: dict[str, object]) -> None:
    members = msgspec.json.decode(new_index("b7", 60).encode()) | change
    with pytest.raises(MalformedError):
        Index.decode(msgspec.json.encode(members))
