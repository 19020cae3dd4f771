import re

import pytest

from tests.overlay.catalogue.rows import Taken
from vitrine.media.errors import MalformedError
from vitrine.overlay.catalogue.fields import FieldError
from vitrine.overlay.catalogue.table_rows import MAX_COLUMNS, read_table


def read(text: str) -> Taken:
    taken = Taken()
    read_table(text, "shop.csv", taken.take)
    return taken


A, B = {"id": "A", "title": "a"}, {"id": "B", "title": "b"}


@pytest.mark.parametrize(
    "text",
    [
        "id,title\nA,a\nB,b\n",
        "id,title\r\nA,a\r\nB,b",
        "id;title\nA;a\nB;b\n",
        "id\ttitle\nA\ta\nB\tb\n",
        'ID,Title\n"A","a"\n B , b \n',
        "id,title,,\nA,a,,\nB,b,,\n",
        'id, title\nA, "a"\nB, "b"\n',
        "id,title\rA,a\rB,b\r",
    ],
)
def test_separators_line_ends_and_quotes(text: str) -> None:
    assert read(text) == [(2, A), (3, B)]


def test_empty_lines_count_and_are_nothing() -> None:
    assert read("id,title\n\n,\nA,a\n")[-1] == (4, A)


def test_a_quotation_mark_in_googles_text_swallows_no_line() -> None:
    text = 'id\ttitle\nA\t12" pan\nB\t"b"\nC\t"say ""c"""\n'
    assert [row for _, row in read(text)] == [
        {"id": "A", "title": '12" pan'},
        B,
        {"id": "C", "title": 'say "c"'},
    ]


def test_a_line_break_in_a_cell_of_csv() -> None:
    assert read('id,title,description\nA,a,"one\ntwo"\n') == [(2, {**A, "description": "one\ntwo"})]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ('B,"12" pan"', "'\"'|expected after"),
        ("B," + "x" * 200_000, "field larger than"),
    ],
    ids=["quote", "long"],
)
def test_a_broken_line_is_refused_and_the_next_ones_read(line: str, error: str) -> None:
    first, (number, broken), last = read(f"id,title\nA,a\n{line}\nC,c\n")
    assert (first, last) == ((2, A), (4, {"id": "C", "title": "c"}))
    assert number == 3
    assert isinstance(broken, FieldError)
    assert re.search(error, str(broken))


@pytest.mark.parametrize("line", ['B,"b', 'B,b,"an open text'])
def test_a_missing_quotation_mark_does_not_take_the_rest_of_the_file_in_silence(line: str) -> None:
    first, (number, broken) = read(f"id,title,description\nA,a,\n{line}\nC,c,\nD,d,\n")
    assert first == (2, A)
    assert number == 3
    assert isinstance(broken, FieldError)
    assert "is a quotation mark missing?" in str(broken)


def test_a_tab_in_a_product_of_old_line_ends_makes_no_tabs_of_commas() -> None:
    assert read("id,title\rA,a\tb\r") == [(2, {"id": "A", "title": "a\tb"})]


def test_the_first_of_two_columns_of_a_name_counts_unless_it_is_empty() -> None:
    assert read("id,title,link,url\nA,a,,https://b\n") == [(2, {**A, "url": "https://b"})]


def test_a_row_with_too_many_cells_is_no_row() -> None:
    ((number, row),) = read("id,title\nA,a,b\n")
    assert number == 2
    assert isinstance(row, FieldError)
    assert "3 cells under 2 headings" in str(row)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("name,price\nA,1\n", "no headings in its first line: id, title"),
        ("id,title," + "x," * MAX_COLUMNS + "\n", "columns; 1000 are the most"),
        ('id,title,"description\nA,a,b\n', "the first line is broken"),
    ],
)
def test_what_is_no_table(text: str, reason: str) -> None:
    with pytest.raises(MalformedError, match=reason):
        read(text)


def test_a_shopify_export_with_a_variant_that_cannot_be_sold() -> None:
    taken = read("Handle,Title,Variant Price,URL,Currency,Status\nvase,Vase,89,https://a/,EUR,draft\n")
    ((_, row),) = taken
    assert isinstance(row, FieldError)
    assert (row.field, row.product) == ("availability", "vase")
