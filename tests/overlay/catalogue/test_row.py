import pytest

from tests.overlay.catalogue.rows import PRODUCT, ROW, SALE, at
from vitrine.overlay.catalogue.fields import FieldError
from vitrine.overlay.catalogue.product import Product
from vitrine.overlay.catalogue.row import MAX_DESCRIPTION, REQUIRED, field_name, product_of


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("id", "id"),
        ("g:link", "url"),
        (" Image Link ", "image"),
        ("Item group ID", "group"),
        ("g:item_group_id", "group"),
        ("sale price effective date", "sale_price_effective_date"),
        ("disclosure_date", "reveal_at"),
        ("shipping", "shipping"),
    ],
)
def test_headings(heading: str, expected: str) -> None:
    assert field_name(heading) == expected


def test_a_row_with_what_is_required() -> None:
    assert product_of(ROW) == PRODUCT


def test_a_row_with_everything() -> None:
    row = {
        **ROW,
        "short_title": "Wave",
        "image_alt": "A white vase",
        "price": "89.00",
        "currency": "EUR",
        "sale_price": "69.00",
        "sale_price_effective_date": "2026-11-27T00:00:00Z/2026-11-30T00:00:00Z",
        "reveal_at": "2026-12-01T09:00:00Z",
        "brand": "Kiln",
        "group": "vases",
        "gtin": "4006381333931",
        "description": "Fluted   stoneware.",
        "stock": "12",
    }
    assert product_of(row) == Product(
        id="WM-4411",
        title="Wave Vase",
        url=PRODUCT.url,
        image=PRODUCT.image,
        image_alt="A white vase",
        price=PRODUCT.price,
        availability="in_stock",
        short_title="Wave",
        sale=SALE,
        reveal_at=at("2026-12-01T09:00:00Z"),
        brand="Kiln",
        group="vases",
        gtin="4006381333931",
        description="Fluted stoneware.",
        stock=12,
    )


@pytest.mark.parametrize("field", REQUIRED)
@pytest.mark.parametrize("value", [None, ""])
def test_what_is_missing_is_named(field: str, value: object) -> None:
    with pytest.raises(FieldError, match="is missing") as refusal:
        product_of({**ROW, field: value})
    assert refusal.value.field == field


def test_a_title_of_spaces_is_missing() -> None:
    with pytest.raises(FieldError, match="is missing"):
        product_of({**ROW, "title": " \t "})


def test_a_long_description_is_cut() -> None:
    description = product_of({**ROW, "description": "word " * 1000}).description
    assert len(description) <= MAX_DESCRIPTION
    assert description.endswith("word…")
