from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.overlay.ids import PRODUCTS, SCRIPTS
from vitrine.overlay.commands import (
    MAX_PROGRAMME,
    AsSeen,
    Command,
    CommandError,
    Newest,
    Programme,
    exact_seconds,
    parse_command,
)

SEEN = "2026-11-29T17:00:03.120Z"


@pytest.mark.parametrize(
    ("value", "command"),
    [
        ({"action": "show", "products": ["WM-4411"]}, Command("show", ("WM-4411",))),
        (
            {"action": "show", "products": ["WM-4411"], "slot": 1, "at": {"as_seen": SEEN}},
            Command("show", ("WM-4411",), 1, AsSeen(1_795_971_603_120_000_000)),
        ),
        ({"action": "show", "products": ["a", "b", "c"], "slot": None, "at": None}, Command("show", ("a", "b", "c"))),
        ({"action": "show", "products": ["a", "b"], "slot": 2}, Command("show", ("a", "b"), 2)),
        ({"action": "hide", "products": ["a"]}, Command("hide", ("a",))),
        ({"action": "hide", "slot": 3}, Command("hide", (), 3)),
        ({"action": "hide", "products": ["a"], "slot": 3}, Command("hide", ("a",), 3)),
        ({"action": "clear"}, Command("clear")),
        ({"action": "clear", "products": [], "slot": None}, Command("clear")),
        ({"action": "next", "at": {"programme": 12}}, Command("next", at=Programme(Fraction(12)))),
        ({"action": "next", "at": {"programme": 12.1}}, Command("next", at=Programme(Fraction(121, 10)))),
        ({"action": "next", "at": {"programme": 0}}, Command("next", at=Programme(Fraction(0)))),
        ({"action": "next", "at": {"programme": 1e-7}}, Command("next", at=Programme(Fraction(1, 10**7)))),
    ],
)
def test_commands(value: object, command: Command) -> None:
    assert parse_command(value) == command


@pytest.mark.parametrize("product", SCRIPTS)
def test_ids_of_every_script(product: str) -> None:
    assert parse_command({"action": "show", "products": [product]}).products == (product,)


SHOW = {"action": "show", "products": ["a"]}


@pytest.mark.parametrize(
    ("value", "field", "text"),
    [
        (None, "", "A command is a JSON object"),
        ([], "", "A command is a JSON object"),
        ("show", "", "A command is a JSON object"),
        ({}, "action", "needs an action: show, hide, clear, next or undo"),
        ({"action": "Show"}, "action", "'Show' is no action; take show, hide, clear, next or undo"),
        ({"action": ["show"]}, "action", "a list is no action"),
        ({"action": "x" * 2048}, "action", "is no action"),
        ({"action": "show"}, "products", "show needs at least one product"),
        ({"action": "show", "products": []}, "products", "show needs at least one product"),
        ({"action": "show", "products": "WM-4411"}, "products", "products is 'WM-4411'; it is a list of product ids"),
        ({"action": "show", "products": {"id": 1}}, "products", "products is an object"),
        ({"action": "show", "products": [4411]}, "products", "4411 is no product id; ids are strings"),
        ({"action": "show", "products": [None]}, "products", "null is no product id"),
        ({"action": "show", "products": ["a", "b", "c", "d"]}, "products", "4 products; there are 3 slots"),
        (SHOW | {"products": ["a", "b"], "slot": 3}, "products", "2 products do not fit from slot 3 on"),
        (SHOW | {"products": ["a", "b", "a"]}, "products", "lists 'a' twice"),
        (SHOW | {"products": [""]}, "products", "empty"),
        (SHOW | {"products": ["x" * 2048]}, "products", "2048 characters; 64 are the most"),
        (SHOW | {"products": [" a"]}, "products", "begins or ends with a space"),
        (SHOW | {"products": ["a\x00b"]}, "products", "cannot be printed"),
        (SHOW | {"products": ["a\u202eb"]}, "products", "cannot be printed"),
        (SHOW | {"products": ["\ud83d"]}, "products", "cannot be printed"),
        *((SHOW | {"slot": slot}, "slot", "is no slot; take a whole number from 1 to 3") for slot in (
            0, 4, -1, "1", True, False, 1.0, 1.5, [1], 10**5000, float("nan")
        )),
        ({"action": "hide"}, "products", "hide needs the products, or the slot; clear hides everything"),
        ({"action": "clear", "products": ["a"]}, "products", "clear takes no products"),
        ({"action": "clear", "slot": 1}, "slot", "clear takes no slot"),
        ({"action": "next", "products": ["a"]}, "products", "next takes no products"),
        ({"action": "next", "slot": 1}, "slot", "next takes no slot"),
        (SHOW | {"prodcuts": ["a"]}, "prodcuts", "'prodcuts' is unknown; do you mean products?"),
        (SHOW | {"price": 1}, "price", "'price' is unknown; there are action, products, slot, at"),
        (SHOW | {"\ud83d": 1}, "\\ud83d", "is unknown"),
        (SHOW | {"x" * 9000: 1}, "x" * 39, "is unknown"),
        (SHOW | {"at": "now"}, "at", "at is 'now'; it is"),
        (SHOW | {"at": 12.5}, "at", "at is 12.5; it is"),
        (SHOW | {"at": {}}, "at", "at names one of as_seen and programme"),
        (SHOW | {"at": {"as_seen": SEEN, "programme": 3}}, "at", "at names one of as_seen and programme"),
        (SHOW | {"at": {"as_sen": SEEN}}, "at.as_sen", "do you mean as_seen?"),
        (SHOW | {"at": {"as_seen": 1796058003}}, "at.as_seen", "it is a date and time such as"),
        (SHOW | {"at": {"as_seen": None}}, "at.as_seen", "as_seen is null"),
        (SHOW | {"at": {"as_seen": "2026-11-29T17:00:03"}}, "at.as_seen", "is no date and time with a zone"),
        *((SHOW | {"at": {"programme": time}}, "at.programme", "it is a number of seconds such as 12.5") for time in (
            "12", None, True, -1, -0.001, float("nan"), float("inf"), float("-inf"), MAX_PROGRAMME + 1, 10**400,
            10**5000, 1e308, [1],
        )),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_field(value: object, field: str, text: str) -> None:
    with pytest.raises(CommandError) as caught:
        parse_command(value)
    assert caught.value.field == field
    assert text in str(caught.value)
    assert len(str(caught.value)) < 250
    str(caught.value).encode()
    field.encode()


def test_seconds_are_those_that_were_written() -> None:
    assert exact_seconds(0.1) == Fraction(1, 10)
    assert exact_seconds(MAX_PROGRAMME) == MAX_PROGRAMME
    assert exact_seconds(-0.0) == 0
    assert exact_seconds("1") is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5) | PRODUCTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
NEARLY = st.fixed_dictionaries(
    {"action": st.sampled_from(["show", "hide", "clear", "next"]) | JSON},
    optional={
        "products": st.lists(PRODUCTS | JSON, max_size=4) | JSON,
        "slot": st.integers(0, 4) | JSON,
        "at": JSON | st.fixed_dictionaries({}, optional={"as_seen": JSON | st.just(SEEN), "programme": st.floats()}),
        "else": JSON,
    },
)


@given(JSON | NEARLY)
def test_any_value(value: object) -> None:
    try:
        command = parse_command(value)
    except CommandError as error:
        error.field.encode()
        str(error).encode()
        return
    assert command.action in {"show", "hide", "clear", "next"}
    assert command.slot in {None, 1, 2, 3}
    assert len(command.products) <= 4 - (command.slot or 1) or command.action == "hide"
    at = {"as_seen": SEEN} if isinstance(command.at, AsSeen) else {"programme": 1}
    again = {"action": command.action, "products": list(command.products), "slot": command.slot}
    again |= {} if isinstance(command.at, Newest) else {"at": at}  # type: ignore[dict-item]
    assert parse_command(again).products == command.products


def test_undo_names_an_entry_and_nothing_else() -> None:
    assert parse_command({"action": "undo", "entry": 41}) == Command("undo", entry=41)


@pytest.mark.parametrize(
    ("command", "field"),
    [
        ({"action": "undo"}, "entry"),
        ({"action": "undo", "entry": 0}, "entry"),
        ({"action": "undo", "entry": True}, "entry"),
        ({"action": "undo", "entry": "41"}, "entry"),
        ({"action": "undo", "entry": 1, "products": ["A"]}, "products"),
        ({"action": "undo", "entry": 1, "slot": 1}, "slot"),
        ({"action": "undo", "entry": 1, "at": {"programme": 3}}, "at"),
        ({"action": "clear", "entry": 1}, "entry"),
    ],
)
def test_undo_of_the_wrong_shape(command: dict[str, object], field: str) -> None:
    with pytest.raises(CommandError) as caught:
        parse_command(command)
    assert caught.value.field == field
