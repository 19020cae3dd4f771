import pytest

from vitrine.media.cue import MAX_PRODUCT_ID, check_product_id
from vitrine.media.errors import RefusedError


@pytest.mark.parametrize("text", ["WM-4411", "red shoe", "مصباح‌ها", "👩‍🍳", "花瓶", "a" * MAX_PRODUCT_ID, '"<&>'])
def test_ids_of_any_script(text: str) -> None:
    check_product_id(text)


@pytest.mark.parametrize("text", ["", " a", "a ", "a\nb", "a\x00", "a\u202eb", "\ud800", "a" * (MAX_PRODUCT_ID + 1)])
def test_what_is_no_id(text: str) -> None:
    with pytest.raises(RefusedError):
        check_product_id(text)
