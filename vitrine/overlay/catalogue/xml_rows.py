"""A Google Merchant feed in XML: RSS 2.0 or 1.0 items, or Atom entries (Google Merchant Center Help, "XML feed")."""

from collections.abc import Callable
from xml.parsers import expat

from vitrine.media.errors import MalformedError
from vitrine.overlay.catalogue.row import FIELDS, field_name

GOOGLE = "http://base.google.com/ns/1.0"
PLAIN = ("", "http://www.w3.org/2005/Atom", "http://purl.org/rss/1.0/")
ROOTS = ("rss", "feed", "RDF")
ITEMS = ("item", "entry")


def read_xml(text: str, name: str, take: Callable[[int, object], None]) -> None:
    """Give `take` each item with its number from 1, by our names. Raises MalformedError, also after some items."""
    reader = _Reader(name, take)
    try:
        reader.parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        raise MalformedError(f"{name} is broken XML in line {error.lineno}: {expat.ErrorString(error.code)}") from error


class _Reader:
    """Only the direct children of an item count: there is a price inside of `shipping` too."""

    def __init__(self, name: str, take: Callable[[int, object], None]) -> None:
        self._name, self._take = name, take
        self._depth = self._number = 0
        self._item_depth: int | None = None
        self._google: dict[str, object] = {}
        self._plain: dict[str, object] = {}
        self._field: tuple[str, str] | None = None  # namespace, our name
        self._text: list[str] = []
        self.parser = expat.ParserCreate("utf-8", " ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def _refuse(self, *_: object) -> None:
        raise MalformedError(f"{self._name} has a DOCTYPE, with which feeds can do harm; take it out")

    def _start(self, element: str, attributes: dict[str, str]) -> None:
        space, _, local = element.rpartition(" ")
        if not self._depth and local not in ROOTS:
            raise MalformedError(f"{self._name} begins with <{local[:40]}> and is no feed: that is <rss> or <feed>")
        self._depth += 1
        if self._item_depth is None:
            if local in ITEMS:
                self._item_depth = self._depth
                self._google, self._plain = {}, {}
        elif self._depth == self._item_depth + 1:
            field = field_name(local)
            self._field = (space, field) if field in FIELDS and space in (GOOGLE, *PLAIN) else None
            if space in PLAIN and attributes.get("rel", "alternate") == "alternate" and "href" in attributes:
                self._plain.setdefault(field, attributes["href"])  # Atom's link

    def _characters(self, text: str) -> None:
        if self._field and self._item_depth is not None and self._depth == self._item_depth + 1:
            self._text.append(text)

    def _end(self, _: str) -> None:
        if self._depth == self._item_depth:
            self._number += 1
            self._take(self._number, self._plain | self._google)
            self._item_depth = None
        elif self._item_depth is not None and self._depth == self._item_depth + 1:
            text = "".join(self._text).strip()
            if self._field and text:
                space, field = self._field
                (self._google if space == GOOGLE else self._plain).setdefault(field, text)
            self._text, self._field = [], None
        self._depth -= 1
