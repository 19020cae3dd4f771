import pytest

from vitrine.overlay.catalogue.fields import FieldError
from vitrine.overlay.catalogue.shopify import ShopifyRows, is_shopify

FIRST = {
    "handle": "wave-vase",
    "title": "Wave Vase",
    "description": "<p>Fluted &amp; fired.</p>",
    "brand": "Kiln",
    "option1_value": "White",
    "sku": "WM-1",
    "price": "69.00",
    "compare_at_price": "89.00",
    "image": "https://cdn.example/1.jpg",
    "image_alt": "A white vase",
    "url": "https://shop.example/wave",
    "currency": "EUR",
    "status": "active",
}


def test_an_export_is_known_by_its_headings() -> None:
    assert is_shopify(["handle", "title", "variant_price"])
    assert is_shopify(["url_handle", "price", "compare_at_price"])
    assert not is_shopify(["id", "title", "price"])


def test_a_product_and_its_variants() -> None:
    rows = ShopifyRows()
    first = rows.row(FIRST)
    second = rows.row(
        {
            "handle": "wave-vase",
            "option1_value": "Black",
            "sku": "WM-2",
            "price": "89.00",
            "variant_image": "https://cdn.example/2.jpg",
            "tracker": "shopify",
            "stock": "-2",
        }
    )
    assert first is not None
    assert second is not None
    assert first["description"].split() == ["Fluted", "&", "fired."]  # type: ignore[attr-defined]
    assert {name: first[name] for name in ("id", "title", "price", "sale_price", "image_alt", "stock", "group")} == {
        "id": "WM-1",
        "title": "Wave Vase (White)",
        "price": "89.00",
        "sale_price": "69.00",
        "image_alt": "A white vase",
        "stock": None,
        "group": "wave-vase",
    }
    expected = {
        "id": "WM-2",
        "title": "Wave Vase (Black)",
        "price": "89.00",
        "sale_price": "",
        "image": "https://cdn.example/2.jpg",
        "image_alt": "",
        "stock": 0,
        "availability": "out_of_stock",
        "brand": "Kiln",
        "url": "https://shop.example/wave",
    }
    assert {name: second[name] for name in expected} == expected
    assert rows.row({"handle": "wave-vase", "image": "https://cdn.example/3.jpg"}) is None


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"tracker": "shopify", "stock": "0"}, (0, "out_of_stock")),
        ({"tracker": "shopify", "stock": "0", "policy": "continue"}, (0, "in_stock")),
        ({"tracker": "", "stock": "0"}, (None, "in_stock")),
        ({"tracker": "shopify", "stock": "7"}, (7, "in_stock")),
    ],
)
def test_stock_counts_where_it_is_tracked(cells: dict[str, str], expected: tuple[object, str]) -> None:
    row = ShopifyRows().row({**FIRST, **cells})
    assert row is not None
    assert (row["stock"], row["availability"]) == expected


def test_a_product_without_options_or_sku() -> None:
    row = ShopifyRows().row({**FIRST, "option1_value": "Default Title", "sku": ""})
    assert row is not None
    assert (row["id"], row["title"]) == ("wave-vase", "Wave Vase")


@pytest.mark.parametrize(
    ("cells", "field"), [({"status": "Archived"}, "availability"), ({"url": ""}, "url"), ({"currency": ""}, "price")]
)
def test_what_an_export_lacks_is_named(cells: dict[str, str], field: str) -> None:
    with pytest.raises(FieldError) as refusal:
        ShopifyRows().row({**FIRST, **cells})
    assert refusal.value.field == field
