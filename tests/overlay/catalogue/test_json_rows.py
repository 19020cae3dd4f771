import pytest

from tests.overlay.catalogue.rows import Taken
from vitrine.media.errors import MalformedError
from vitrine.overlay.catalogue.fields import FieldError
from vitrine.overlay.catalogue.json_rows import read_json


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", []),
        ('{"products": []}', []),
        ('[{"id": "A", "price": 1.50}]', [(1, {"id": "A", "price": "1.50"})]),
        ('[{"id": 0099, "x": 1}]', None),
        ('[{"link": "u", "image_link": "i"}]', [(1, {"url": "u", "image": "i"})]),
        ('[{"id": NaN}]', [(1, {"id": "NaN"})]),
        ('[{"url": "u", "link": null, "quantity": "", "stock": 3}]', [(1, {"url": "u", "stock": "3"})]),
        ('[{"link": "u", "url": "v"}]', [(1, {"url": "u"})]),
        ('{"products": [{"id": "花瓶 🏺"}]}', [(1, {"id": "花瓶 🏺"})]),
    ],
)
def test_products_with_their_numbers(text: str, expected: list[tuple[int, object]] | None) -> None:
    taken = Taken()
    if expected is None:
        with pytest.raises(MalformedError, match=r"shop\.json is no JSON"):
            read_json(text, "shop.json", taken.take)
    else:
        read_json(text, "shop.json", taken.take)
        assert taken == expected


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "7", "{}", '{"products": {}}', '"products"'])
def test_what_is_no_list_of_products(text: str) -> None:
    with pytest.raises(MalformedError, match=r"^shop\.json is no"):
        read_json(text, "shop.json", Taken().take)


def test_what_is_no_object_is_refused() -> None:
    taken = Taken()
    read_json('[7, null, "A", [], {"id": "E"}]', "shop.json", taken.take)
    assert [number for number, row in taken if isinstance(row, FieldError)] == [1, 2, 3, 4]
    assert taken[4] == (5, {"id": "E"})
