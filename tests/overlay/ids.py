"""Product ids in every script, and entries made of them."""

from hypothesis import strategies as st

from vitrine.media.cue import MAX_PRODUCT_ID, SLOTS
from vitrine.overlay.ledger import Entry

SCRIPTS = (
    "WM-4411",
    "キッチン・ミキサー",
    "خلاط-٤٤",
    "می‌خواهم",
    "שלום 12",
    "👗",
    "👩‍👩‍👧‍👦",
    "🇯🇵-🏳️‍🌈",
    "é-e\u0301",
    'say "no" \\ {<&>}',
    "=1+1",
    "𠮷" * MAX_PRODUCT_ID,
)
"""Latin, Japanese, Arabic, Persian with its joiner, Hebrew, emoji alone and joined, accents in two spellings, ..."""

PRODUCTS = st.sampled_from(SCRIPTS)


@st.composite
def entries(draw: st.DrawFn, n: int, products: st.SearchStrategy[str] = PRODUCTS, frames: int = 30) -> Entry:
    """The `n`th entry of a ledger, whatever its frame."""
    action = draw(st.sampled_from(["show", "show", "hide", "clear"]))
    slot = draw(st.none() | st.integers(1, SLOTS)) if action != "clear" else None
    most = {"show": SLOTS + 1 - (slot or 1), "hide": SLOTS, "clear": 0}[action]
    names = draw(st.lists(products, min_size=action == "show", max_size=most, unique=True))
    return Entry(
        n,
        draw(st.integers(0, frames)),
        action,  # type: ignore[arg-type]
        tuple(names),
        slot,
        draw(st.integers(0, 2**62)),
        draw(st.booleans()),
        draw(st.none() | st.sampled_from(["k1", "", "🔑"])),
        draw(st.sampled_from(["api", "rundown", "encoder", "file"])),
        draw(st.none() | st.integers(0, 9)),
    )


@st.composite
def ledgers(draw: st.DrawFn, most: int = 25) -> list[Entry]:
    """Entries that cross each other's frames, of few products, so that they meet."""
    count = draw(st.integers(0, most))
    return [draw(entries(n, st.sampled_from("ABCD"))) for n in range(1, count + 1)]
