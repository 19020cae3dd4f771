import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.overlay.catalogue.rows import PRODUCT, ROW
from tests.overlay.ids import SCRIPTS
from vitrine.media.errors import MalformedError
from vitrine.overlay.catalogue.catalogue import RefusedRow
from vitrine.overlay.catalogue.read import MAX_BYTES, MAX_PRODUCTS, MAX_REFUSED, read_catalogue

HEADINGS = "id,title,link,image_link,price,availability"
LINE = "WM-4411,Wave Vase,https://shop.example/wave,https://cdn.example/wave.jpg,89.00 EUR,in stock"
CSV = f"{HEADINGS}\n{LINE}\n"
TSV = CSV.replace(",", "\t")
ITEM = "".join(
    f"<g:{name}>{value}</g:{name}>" for name, value in zip(HEADINGS.split(","), LINE.split(","), strict=True)
)
XML = f'<rss xmlns:g="http://base.google.com/ns/1.0"><channel><item>{ITEM}</item></channel></rss>'
JSON = json.dumps({"products": [ROW]})


@pytest.mark.parametrize("text", [CSV, TSV, XML, JSON, "\n\n " + XML, "\n" + CSV])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", ["shop", "shop.txt"])
def test_every_form_is_known_by_its_content(text: str, encoding: str, name: str) -> None:
    found = read_catalogue(text.encode(encoding), name)
    assert found.refused == ()
    assert found.products == {"WM-4411": PRODUCT}


def test_blanks_before_the_beginning_are_no_empty_file() -> None:
    found = read_catalogue(b" " * 5_000 + json.dumps([ROW]).encode(), "shop")
    assert found.products == {"WM-4411": PRODUCT}


def test_ids_and_titles_of_every_script() -> None:
    rows = [{**ROW, "id": product, "title": product} for product in SCRIPTS]
    found = read_catalogue(json.dumps(rows, ensure_ascii=False).encode(), "shop.json")
    assert found.refused == ()
    assert list(found.products) == list(SCRIPTS)
    assert [product.title for product in found.products.values()] == list(SCRIPTS)


def test_wrong_rows_are_refused_one_by_one() -> None:
    rows = [ROW, ROW, {**ROW, "id": "B", "price": "cheap"}, 7, {**ROW, "id": "x" * 2048}, {**ROW, "id": "C"}]
    found = read_catalogue(json.dumps(rows).encode(), "shop.json")
    assert list(found.products) == ["WM-4411", "C"]
    assert [(row.row, row.id, row.field) for row in found.refused] == [
        (2, "WM-4411", "id"),
        (3, "B", "price"),
        (4, "", ""),
        (5, "x" * 64, "id"),
    ]
    assert found.refused[0].reason == "is the id of an earlier row, which counts"


def test_letters_of_another_encoding_refuse_their_row_only() -> None:
    data = CSV.encode() + LINE.replace("WM-4411", "B").replace("Wave", "Café").encode("latin-1") + b"\n"
    found = read_catalogue(data, "shop.csv")
    assert list(found.products) == ["WM-4411"]
    (row,) = found.refused
    assert (row.row, row.id, row.field) == (3, "B", "title")
    assert "save the file as UTF-8" in row.reason


def test_a_feed_that_breaks_keeps_what_came_before() -> None:
    found = read_catalogue(XML.replace("</channel></rss>", "<item>").encode(), "feed.xml")
    assert list(found.products) == ["WM-4411"]
    (row,) = found.refused
    assert row.row == 2
    assert "cannot be read any further" in row.reason


def test_200_000_products_are_too_many() -> None:
    lines = (LINE.replace("WM-4411", f"P{number}") for number in range(200_000))
    found = read_catalogue("\n".join([HEADINGS, *lines]).encode(), "shop.csv")
    assert len(found.products) == MAX_PRODUCTS
    reason = f"195000 more rows from here on are not taken; a catalogue has {MAX_PRODUCTS} products"
    assert found.refused == (RefusedRow(MAX_PRODUCTS + 2, "", "", reason),)


def test_refusals_are_told_up_to_a_number() -> None:
    found = read_catalogue(json.dumps([7] * (MAX_REFUSED + 5)).encode(), "shop.json")
    assert len(found.refused) == MAX_REFUSED + 1
    assert "5 more rows from here on are refused" in found.refused[-1].reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b" \r\n ", "is empty"),
        (b"{}", "is no list"),
        (b"<html/>", "is no feed"),
        (b"hello", "no headings"),
        (b"\xff\xd8\xff\xe0 a photograph", "no headings"),
        (b" " * (MAX_BYTES + 1), "at most"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_cannot_be_read_at_all(data: bytes, reason: str) -> None:
    with pytest.raises(MalformedError, match=reason):
        read_catalogue(data, "shop.csv")


@given(
    st.one_of(
        st.binary(),
        st.text().map(str.encode),
        st.binary().map(lambda tail: CSV.encode() + tail),
        st.binary().map(lambda inside: XML.encode().replace(b"Wave", inside)),
        st.text().map(lambda title: json.dumps([{**ROW, "title": title}]).encode()),
    ),
    st.sampled_from(["a.json", "a.xml", "a.csv", "a.tsv", ""]),
)
def test_any_bytes_are_a_catalogue_or_an_error(data: bytes, name: str) -> None:
    with suppress(MalformedError):
        found = read_catalogue(data, name)
        assert all(product.id == key for key, product in found.products.items())
