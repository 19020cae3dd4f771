from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.overlay.catalogue.rows import SALE, at
from tests.overlay.ids import PRODUCTS
from vitrine.media.cue import MAX_PRODUCT_ID
from vitrine.overlay.catalogue.fields import (
    MAX_STOCK,
    FieldError,
    checked_sale,
    parse_amount,
    parse_availability,
    parse_date,
    parse_gtin,
    parse_id,
    parse_image,
    parse_money,
    parse_sale,
    parse_stock,
    parse_text,
    parse_url,
    quoted,
)
from vitrine.overlay.catalogue.product import Money, Sale

EUR = Money("89.00", "EUR")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, ""), ("", ""), ("  a \t\n b ", "a b"), (7, "7"), (2.5, "2.5"), ("مزهرية 👩‍🍳 花瓶", "مزهرية 👩‍🍳 花瓶")],
)
def test_texts(value: object, expected: str) -> None:
    assert parse_text(value, "title", 20) == expected


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (True, "is no text"),
        ([], "is no text"),
        ("a\x00b", "control characters"),
        ("\ud800", "control characters"),
        ("caf\ufffd", "save the file as UTF-8"),
        ("x" * 21, "has 21 characters; 20 are the most"),
    ],
)
def test_texts_that_are_refused(value: object, reason: str) -> None:
    with pytest.raises(FieldError, match=reason) as refusal:
        parse_text(value, "title", 20)
    assert refusal.value.field == "title"


@given(product=PRODUCTS)
def test_ids_survive_letter_for_letter(product: str) -> None:
    assert parse_id(product) == product.strip()


def test_ids() -> None:
    assert parse_id(" WM-4411 ") == "WM-4411"
    assert parse_id(4411) == "4411"
    for wrong in (None, "", True, 1.5, "x" * (MAX_PRODUCT_ID + 1), "x" * 2048, "a\nb", "caf\ufffd"):
        with pytest.raises(FieldError) as refusal:
            parse_id(wrong)
        assert refusal.value.field == "id"


@pytest.mark.parametrize(
    "address",
    ["https://shop.example/a?b=c#d", "http://[::1]:80/", "https://例え.jp/花", "https://shop.example:8443"],
)
def test_addresses(address: str) -> None:
    assert parse_url(address) == parse_image(address) == address


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "//shop.example", "https://", "https://a b", "data:image/png,x", "ftp://a", "/etc/passwd"],
)
def test_addresses_that_are_refused(address: str) -> None:
    with pytest.raises(FieldError, match="no address"):
        parse_url(address)
    with pytest.raises(FieldError, match="no address"):
        parse_image(address)


def test_images_beside_the_catalogue() -> None:
    assert parse_image("wave-1_a.jpg") == "wave-1_a.jpg"
    for wrong in ("../a.jpg", "a/b.jpg", ".hidden", "a\\b.jpg", "ü.jpg", "x" * 201):
        with pytest.raises(FieldError):
            parse_image(wrong)


@pytest.mark.parametrize(
    ("value", "currency", "expected"),
    [
        ("89.00 EUR", "", EUR),
        ("EUR 89.00", "", EUR),
        ("89.00EUR", "", EUR),
        ("89.00", "EUR", EUR),
        ("0089.00 EUR", "", EUR),
        ("0 JPY", "", Money("0", "JPY")),
        ({"amount": "89.00", "currency": "EUR"}, "", EUR),
        ({"amount": "89.00"}, "EUR", EUR),
        ("1.0000 CLF", "", Money("1.0000", "CLF")),
    ],
)
def test_prices(value: object, currency: str, expected: Money) -> None:
    assert parse_money(value, "price", currency) == expected


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("89.00", "has no currency"),
        ("89,00 EUR", "is no amount"),
        ("-1 EUR", "is no amount"),
        ("1e3 EUR", "is no price"),
        ("1.00000 EUR", "is no amount"),
        ("٨٩ EUR", "is no amount"),
        ("89.00 eur", "is no currency"),
        ("EUR", "is no price"),
        ("EUR 89.00 USD", "has two currencies"),
        ("NaN EUR", "is no price"),
        ({"currency": "EUR"}, "is no amount"),
    ],
)
def test_prices_that_are_refused(value: object, reason: str) -> None:
    with pytest.raises(FieldError, match=reason):
        parse_money(value, "price")


def test_amounts_keep_their_decimals() -> None:
    assert [parse_amount(text, "price") for text in ("1.50", "007", "0.10")] == ["1.50", "7", "0.10"]


@pytest.mark.parametrize(
    ("value", "interval", "expected"),
    [
        (None, None, None),
        ("", "2026-11-27T00:00:00Z/2026-11-30T00:00:00Z", None),
        ("69.00 EUR", None, Sale(Money("69.00", "EUR"))),
        ("69.00 EUR", "2026-11-27T00:00:00Z/2026-11-30T00:00:00Z", SALE),
        ("69.00 EUR", "2026-11-27T01:00+0100 / 2026-11-30T01:00+0100", SALE),
        (
            {"amount": "69.00", "currency": "EUR", "from": "2026-11-27T00:00:00Z", "to": "2026-11-30T00:00:00Z"},
            None,
            SALE,
        ),
        ({"amount": "69.00", "currency": "EUR", "to": None}, None, Sale(Money("69.00", "EUR"))),
    ],
)
def test_sales(value: object, interval: object, expected: Sale | None) -> None:
    assert parse_sale(value, interval) == expected


@pytest.mark.parametrize(
    ("interval", "reason"),
    [
        ("2026-11-27T00:00:00Z", "no two dates"),
        ("2026-11-30T00:00:00Z/2026-11-27T00:00:00Z", "ends before it begins"),
        ("soon/later", "no date"),
    ],
)
def test_intervals_that_are_refused(interval: str, reason: str) -> None:
    with pytest.raises(FieldError, match=reason) as refusal:
        parse_sale("69.00 EUR", interval)
    assert refusal.value.field == "sale_price"


def test_a_sale_is_below_the_price_in_its_currency() -> None:
    assert checked_sale(EUR, SALE) == SALE
    assert checked_sale(EUR, Sale(EUR)) is None
    assert checked_sale(EUR, Sale(Money("89", "EUR"))) is None
    assert checked_sale(EUR, None) is None
    with pytest.raises(FieldError, match="above the price"):
        checked_sale(EUR, Sale(Money("100", "EUR")))
    with pytest.raises(FieldError, match="in USD, and the price in EUR"):
        checked_sale(EUR, Sale(Money("10", "USD")))


def test_dates() -> None:
    assert parse_date("2026-11-29T17:00:00.1239Z", "reveal_at") == at("2026-11-29T17:00:00.123Z")
    assert parse_date("2026-11-29T17:00+0100", "reveal_at") == at("2026-11-29T16:00:00Z")
    assert parse_date("", "reveal_at") is None
    for wrong in ("2026-11-29", "2026-11-29T17:00:00", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "tomorrow"):
        with pytest.raises(FieldError):
            parse_date(wrong, "reveal_at")


@pytest.mark.parametrize("word", ["in_stock", "In stock", "IN-STOCK", "instock"])
def test_availabilities(word: str) -> None:
    assert parse_availability(word) == "in_stock"


def test_what_is_no_availability_stock_or_gtin() -> None:
    parsers: list[tuple[Callable[[object], object], object]] = [
        (parse_availability, "perhaps"),
        (parse_stock, "-1"),
        (parse_stock, "1.5"),
        (parse_stock, MAX_STOCK + 1),
        (parse_gtin, "12345"),
        (parse_gtin, "١٢٣٤٥٦٧٨"),
    ]
    for parse, value in parsers:
        with pytest.raises(FieldError):
            parse(value)


def test_stock_and_gtin() -> None:
    assert [parse_stock(value) for value in (None, "", "0", 12)] == [None, None, 0, 12]
    assert parse_gtin("978-3-16-148410-0") == "9783161484100"
    assert parse_gtin("") == ""


def test_values_are_quoted_short() -> None:
    assert quoted("a") == "'a'"
    assert len(quoted("x" * 2048)) == 63


@given(st.one_of(st.none(), st.text(), st.integers(), st.floats(), st.booleans(), st.lists(st.text())))
def test_anything_is_a_value_or_an_error(value: object) -> None:
    for parse in (parse_id, parse_url, parse_image, parse_availability, parse_stock, parse_gtin):
        with suppress(FieldError):
            parse(value)
    for parse_named in (parse_money, parse_date, parse_sale):
        with suppress(FieldError):
            parse_named(value, "price")
