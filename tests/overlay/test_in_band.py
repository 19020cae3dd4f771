import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.overlay.ids import PRODUCTS, SCRIPTS
from vitrine.overlay.commands import Command, CommandError
from vitrine.overlay.in_band import MAX_TEXT, parse_in_band

SHOW = Command("show", ("WM-4411",))


def cue_point(parameters: object, name: str = "x") -> dict[str, object]:
    """As Flash Media Live Encoder writes them."""
    return {"name": name, "time": 12.5, "type": "event", "parameters": parameters}


@pytest.mark.parametrize(
    ("name", "value", "command"),
    [
        ("onTextData", {"product": "WM-4411"}, SHOW),
        ("onTextData", {"products": ["WM-4411"], "language": "eng"}, SHOW),
        ("onTextData", {"products": ["a", "b"], "slot": 2.0}, Command("show", ("a", "b"), 2)),
        ("onTextData", {"product": "a", "action": "hide", "slot": None}, Command("hide", ("a",))),
        ("onTextData", {"type": "Text", "text": '{"product":"WM-4411"}'}, SHOW),
        ("onTextData", {"text": ' {"products":["a"],"slot":3,"action":"show"} '}, Command("show", ("a",), 3)),
        ("onTextData", {"text": "product:WM-4411"}, SHOW),
        ("onTextData", {"text": "product: WM-4411\n"}, SHOW),
        ("onTextData", "product:WM-4411", SHOW),
        ("onTextData", '{"product":"WM-4411"}', SHOW),
        ("onTextData", {"type": "vitrine", "action": "clear"}, Command("clear")),
        ("onTextData", {"type": "Vitrine", "text": '{"action":"next"}'}, Command("next")),
        ("onCuePoint", cue_point({"product": "WM-4411"}), SHOW),
        ("onCuePoint", cue_point({"product": "a", "slot": "2", "presenter": "Ada"}), Command("show", ("a",), 2)),
        ("onCuePoint", cue_point({"action": "next"}, "vitrine"), Command("next")),
        ("onCuePoint", cue_point({"action": "hide", "slot": "3"}, "Vitrine"), Command("hide", (), 3)),
    ],
)  # fmt: skip
def test_commands(name: str, value: object, command: Command) -> None:
    assert parse_in_band(name, [value]) == command
    assert parse_in_band(name, [value, "more"]) == command
    assert parse_in_band("onXMPData", [value]) is None


@pytest.mark.parametrize("product", SCRIPTS)
def test_ids_of_every_script(product: str) -> None:
    shown = Command("show", (product,))
    for name, value in (
        ("onTextData", {"product": product}),
        ("onTextData", {"text": json.dumps({"product": product})}),
        ("onTextData", {"text": f"product:{product}"}),
        ("onCuePoint", cue_point({"product": product})),
    ):
        assert parse_in_band(name, [value]) == shown


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("onTextData", []),
        ("onTextData", [None]),
        ("onTextData", [4411.0]),
        ("onTextData", [{}]),
        ("onTextData", [{"text": "WM-4411"}]),  # a caption could be that
        ("onTextData", [{"text": "and this product: a stand mixer"}]),
        ("onTextData", [{"text": "Product:WM-4411"}]),
        ("onTextData", [{"text": "", "type": "Text", "language": "eng"}]),
        ("onTextData", [{"text": "{laughs}"}]),
        ("onTextData", [{"text": "{" * 4000}]),
        ("onTextData", [{"text": '{"speaker":"Ada"}'}]),
        ("onTextData", [{"text": '{"action":"clear"}'}]),
        ("onTextData", [{"action": "clear"}]),
        ("onTextData", [{"text": "product:" + "x" * MAX_TEXT}]),
        ("onTextData", [{"text": {"product": "WM-4411"}}]),
        ("onTextData", [{"type": "vitrine", "text": "hello"}]),
        ("onCuePoint", []),
        ("onCuePoint", ["product:WM-4411"]),
        ("onCuePoint", [{"name": "WM-4411", "time": 1.0}]),
        ("onCuePoint", [cue_point(None)]),
        ("onCuePoint", [cue_point(["product", "WM-4411"])]),
        ("onCuePoint", [cue_point({"action": "clear"})]),
        ("onCuePoint", [{"product": "WM-4411"}]),
        ("onCuePoint.YouTube", [{"version": "1.0", "breakDurationSec": 30.0, "product": "x"}]),
        ("onFI", [{"sd": "29-11-2026", "st": "17:00:00.000"}]),
    ],
)
def test_what_is_about_something_else_is_left_alone(name: str, values: list[object]) -> None:
    assert parse_in_band(name, values) is None


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"product": 4411.0}, "products"),
        ({"product": ""}, "products"),
        ({"product": None}, "products"),
        ({"product": "x" * 65}, "products"),
        ({"product": "a\ufffd\x00"}, "products"),
        ({"products": "a,b"}, "products"),
        ({"products": []}, "products"),
        ({"products": ["a", "b", "c", "d"]}, "products"),
        ({"product": "a", "products": ["b"]}, "products"),
        ({"product": "a", "slot": 4.0}, "slot"),
        ({"product": "a", "slot": 1.5}, "slot"),
        ({"product": "a", "slot": "x"}, "slot"),
        ({"product": "a", "slot": float("inf")}, "slot"),
        ({"product": "a", "slot": float("nan")}, "slot"),
        ({"product": "a", "action": "reveal"}, "action"),
        ({"product": "a", "action": "clear"}, "products"),
        ({"product": "a", "at": {"programme": 3.0}}, "at"),
        ({"text": "product:"}, "products"),
        ({"type": "vitrine", "action": "hide"}, "products"),
    ],
)
def test_what_is_about_products_and_wrong_is_said(value: dict[str, object], field: str) -> None:
    with pytest.raises(CommandError) as caught:
        parse_in_band("onTextData", [value])
    assert caught.value.field == field


def test_a_cue_point_for_us_that_says_nothing() -> None:
    with pytest.raises(CommandError, match="show needs at least one product"):
        parse_in_band("onCuePoint", [cue_point(None, "vitrine")])


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8) | PRODUCTS | st.binary(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["product", "products", "action", "slot", "text", "type", "name", "parameters", "at"]),
            inner,
        )
    ),
    max_leaves=8,
)


@given(st.sampled_from(["onTextData", "onCuePoint"]), st.lists(VALUES, max_size=2))
def test_any_values(name: str, values: list[object]) -> None:
    try:
        command = parse_in_band(name, values)
    except CommandError as error:
        str(error).encode()
        return
    assert command is None or command.action in {"show", "hide", "clear", "next"}
