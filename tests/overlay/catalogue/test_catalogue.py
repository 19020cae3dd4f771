from dataclasses import replace

from tests.overlay.catalogue.rows import PRODUCT, at
from vitrine.overlay.catalogue.catalogue import (
    Catalogue,
    RefusedRow,
    catalogue_of,
    next_reveal,
    public_products,
    report,
    revision,
)
from vitrine.overlay.catalogue.product import product_json

OTHER = replace(PRODUCT, id="LT-2070", title="Pleat Lamp, linen", short_title="Pleat Lamp")
SECRET = replace(PRODUCT, id="X", reveal_at=at("2026-12-01T09:00:00Z"))
REFUSED = (RefusedRow(4, "A", "price", "is missing"), RefusedRow(9, "", "", "is no object"))


def test_titles_and_membership() -> None:
    catalogue = catalogue_of([PRODUCT, OTHER])
    assert [catalogue.title(name) for name in ("WM-4411", "LT-2070", "?")] == ["Wave Vase", "Pleat Lamp", "?"]
    assert "WM-4411" in catalogue
    assert "?" not in catalogue


def test_revisions_are_equal_only_for_the_same_products() -> None:
    lists = [[], [PRODUCT], [OTHER], [PRODUCT, OTHER], [OTHER, PRODUCT], [replace(PRODUCT, stock=1), OTHER]]
    revisions = [revision(product_json(product, "") for product in products) for products in lists]
    assert len(set(revisions)) == 6
    assert revisions[1] == revision([product_json(replace(PRODUCT), "")])


def test_a_product_is_replaced_in_its_place() -> None:
    before = catalogue_of([PRODUCT, OTHER], REFUSED)
    after = before.replaced(replace(PRODUCT, stock=0))
    assert list(after.products) == ["WM-4411", "LT-2070"]
    assert (after.products["WM-4411"].stock, before.products["WM-4411"].stock) == (0, None)
    assert after.refused == REFUSED


def test_what_is_not_revealed_is_not_told_until_its_millisecond() -> None:
    catalogue = catalogue_of([PRODUCT, SECRET])
    assert SECRET.reveal_at is not None
    for now, expected in ((SECRET.reveal_at - 1, ["WM-4411"]), (SECRET.reveal_at, ["WM-4411", "X"])):
        assert [record["id"] for record in public_products(catalogue, now, "/")] == expected
    assert next_reveal(catalogue, SECRET.reveal_at - 1) == SECRET.reveal_at
    assert next_reveal(catalogue, SECRET.reveal_at) is None
    assert next_reveal(Catalogue({}), 0) is None


def test_the_report_for_the_crew() -> None:
    assert report(catalogue_of([PRODUCT])) == "1 product taken, none refused"
    lines = report(catalogue_of([PRODUCT, OTHER], REFUSED)).splitlines()
    assert lines == ["2 products taken, 2 refused:", "  row 4 (A): price: is missing", "  row 9: is no object"]
    assert report(catalogue_of([], REFUSED), 1).splitlines()[1:] == [
        "  row 4 (A): price: is missing",
        "  and 1 more",
    ]
