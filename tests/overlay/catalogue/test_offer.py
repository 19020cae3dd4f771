from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.overlay.catalogue.rows import PRODUCT, SALE
from vitrine.overlay.catalogue.offer import CHANGEABLE, OfferError, with_offer
from vitrine.overlay.catalogue.product import Money, Sale

ON_SALE = replace(PRODUCT, sale=SALE, stock=4)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"availability": "out_of_stock"}, replace(ON_SALE, availability="out_of_stock")),
        ({"stock": 0}, replace(ON_SALE, stock=0)),
        ({"stock": None}, replace(ON_SALE, stock=None)),
        ({"price": "99.00"}, replace(ON_SALE, price=Money("99.00", "EUR"))),
        ({"price": {"amount": "69.00"}}, replace(ON_SALE, price=Money("69.00", "EUR"), sale=None)),
        ({"sale_price": None}, replace(ON_SALE, sale=None)),
        ({"sale_price": "50.00"}, replace(ON_SALE, sale=Sale(Money("50.00", "EUR")))),
    ],
)
def test_changes(changes: dict[str, object], expected: object) -> None:
    assert with_offer(ON_SALE, changes) == expected


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, ""),
        ({"title": "Another"}, "title"),
        ({"x" * 2048: 1}, "x" * 60),
        ({"availability": "perhaps"}, "availability"),
        ({"stock": -1}, "stock"),
        ({"stock": True}, "stock"),
        ({"price": "cheap"}, "price"),
        ({"price": "10.00"}, "sale_price"),
        ({"sale_price": "10.00 USD"}, "sale_price"),
    ],
)
def test_changes_that_are_declined_name_the_field(changes: dict[str, object], field: str) -> None:
    with pytest.raises(OfferError) as refusal:
        with_offer(ON_SALE, changes)
    assert refusal.value.field == field
    assert str(refusal.value)


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=5,
)


@given(st.dictionaries(st.one_of(st.sampled_from(CHANGEABLE), st.text()), VALUES, max_size=4))
def test_any_json_is_a_change_or_an_error(changes: dict[str, object]) -> None:
    with suppress(OfferError):
        assert with_offer(ON_SALE, changes).id == ON_SALE.id
