import pytest

from vitrine.ingest.rtmp.amf_values import MAX_DEPTH, MAX_ITEMS, Budget
from vitrine.media.errors import RefusedError


def nest(budget: Budget, depth: int) -> None:
    with budget:
        if depth > 1:
            nest(budget, depth - 1)


def test_depth() -> None:
    nest(Budget(), MAX_DEPTH)
    with pytest.raises(RefusedError, match="deep"):
        nest(Budget(), MAX_DEPTH + 1)


def test_items() -> None:
    budget = Budget()
    for _ in range(MAX_ITEMS):
        nest(budget, 1)
    with pytest.raises(RefusedError, match="4096 values"):
        nest(budget, 1)
