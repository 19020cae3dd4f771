import pytest

from tests.overlay.catalogue.rows import Taken
from vitrine.media.errors import MalformedError
from vitrine.overlay.catalogue.xml_rows import read_xml

RSS = """<?xml version="1.0" encoding="ISO-8859-1"?>
<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title><link>https://shop.example</link>
<item><title>Plain title</title><g:id>WM-4411</g:id><g:title>花瓶 &amp; <![CDATA[<b>]]></g:title>
<link>https://shop.example/wave</link><g:price>89.00 EUR</g:price>
<g:shipping><g:country>DE</g:country><g:price>5.00 EUR</g:price></g:shipping><g:unknown>x</g:unknown></item>
<item><g:id>B</g:id></item></channel></rss>"""

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0"><title>Shop</title>
<entry><id>tag:1</id><g:id>A</g:id><title>Vase</title><link rel="self" href="https://self"/>
<link href="https://shop.example/a"/></entry></feed>"""

RSS_1 = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:g="http://base.google.com/ns/1.0"><item><title>Vase</title><link>https://shop.example/a</link><g:id>A</g:id></item>
</rdf:RDF>"""

BOMB = '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><rss><channel><item>&b;</item></channel></rss>'


def read(text: str) -> Taken:
    taken = Taken()
    read_xml(text, "feed.xml", taken.take)
    return taken


def test_rss() -> None:
    assert read(RSS) == [
        (
            1,
            {
                "title": "花瓶 & <b>",
                "id": "WM-4411",
                "url": "https://shop.example/wave",
                "price": "89.00 EUR",
            },
        ),
        (2, {"id": "B"}),
    ]


def test_rss_1() -> None:
    assert read(RSS_1) == [(1, {"id": "A", "title": "Vase", "url": "https://shop.example/a"})]


def test_atom() -> None:
    assert read(ATOM) == [(1, {"id": "A", "title": "Vase", "url": "https://shop.example/a"})]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BOMB, "has a DOCTYPE"),
        ('<!DOCTYPE rss SYSTEM "file:///etc/passwd"><rss/>', "has a DOCTYPE"),
        ("<html><body/></html>", "begins with <html>"),
        ("<rss><channel>", "broken XML in line 1"),
        ("<rss>&undefined;</rss>", "broken XML in line 1"),
        ("no xml", "broken XML in line 1"),
        ("", "broken XML"),
    ],
)
def test_what_is_no_feed(text: str, reason: str) -> None:
    with pytest.raises(MalformedError, match=reason):
        read(text)


def test_items_before_the_break_are_given() -> None:
    taken = Taken()
    with pytest.raises(MalformedError, match="line 2"):
        read_xml("<rss><item><id>A</id></item>\n<item></rss>", "feed.xml", taken.take)
    assert taken == [(1, {"id": "A"})]
