"""The sample show's shop: a catalogue of its products with their photographs, and the rundown of the show."""

import json
from fractions import Fraction
from pathlib import Path

import av

from vitrine.ingest.sample.colour import Picture
from vitrine.ingest.sample.products import PRODUCTS, Product
from vitrine.ingest.sample.show import PRODUCT_SECONDS, SampleShow
from vitrine.ingest.sample.write import video_frame

CATALOGUE = "catalogue.json"
RUNDOWN = "rundown.json"

BRAND = "Atelier Nord"
SHOP = "https://shop.example/products/"

OFFERS: tuple[dict[str, str], ...] = (
    {"price": "89.00 EUR", "availability": "in_stock"},
    {"price": "245.00 EUR", "sale_price": "196.00 EUR", "availability": "in_stock"},
    {"price": "64.00 EUR", "availability": "in_stock"},
    {"price": "38.00 EUR", "availability": "preorder"},
    {"price": "120.00 EUR", "sale_price": "99.00 EUR", "availability": "in_stock"},
)
"""What the products cost, in their order."""

PORTRAIT = (480, 854)
"""Pixels of the picture that a photograph is cut from: upright, with the product in the middle."""

PHOTOGRAPH_TOP = 192
"""First line of the photograph, which is square: below the product's label, and down to the floor."""

JPEG_SCALE = 3
"""FFmpeg's quantiser for JPEG, 2 (best) to 31: nothing of it is seen on a card."""


def write_shop(folder: Path) -> None:
    """Write the catalogue, its images and the rundown into a folder. Raises OSError."""
    show = SampleShow(*PORTRAIT, Fraction(30))
    for number, product in enumerate(PRODUCTS):
        middle = int((number + Fraction(1, 3)) * PRODUCT_SECONDS * show.rate)
        (folder / _image(product)).write_bytes(_photograph(show.picture(middle)))
    rows = [_row(product, offer) for product, offer in zip(PRODUCTS, OFFERS, strict=True)]
    _write(folder / CATALOGUE, {"products": rows})
    items = [{"product": product.code, "at": number * PRODUCT_SECONDS} for number, product in enumerate(PRODUCTS)]
    _write(folder / RUNDOWN, {"items": items})


def _row(product: Product, offer: dict[str, str]) -> dict[str, str]:
    name, line = product.name.title(), product.line.capitalize()
    return {
        "id": product.code,
        "title": f"{name}, {line.lower()}",
        "short_title": name,
        "brand": BRAND,
        "url": SHOP + product.code.lower(),
        "image": _image(product),
        "image_alt": f"{name} on a plinth",
        **offer,
    }


def _image(product: Product) -> str:
    return f"{product.code.lower()}.jpg"


def _photograph(picture: Picture) -> bytes:
    """The square with the product, as JPEG."""
    side, top = PORTRAIT[0], PHOTOGRAPH_TOP
    cut = Picture(
        picture.y[top : top + side],
        picture.u[top // 2 : (top + side) // 2],
        picture.v[top // 2 : (top + side) // 2],
    )
    encoder = av.CodecContext.create("mjpeg", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = side, side, "yuvj420p"
    encoder.time_base, encoder.thread_count = Fraction(1, 30), 1
    encoder.options = {"qmin": str(JPEG_SCALE), "qmax": str(JPEG_SCALE)}
    encoder.flags |= av.codec.context.Flags.bitexact
    # JPEG knows only the full range, and BT.601's matrix (JFIF 1.02).
    frame = video_frame(cut).reformat(
        format="yuvj420p",
        src_colorspace="itu709",
        dst_colorspace="itu601",
        src_color_range="MPEG",
        dst_color_range="JPEG",
    )
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])


def _write(path: Path, value: object) -> None:
    """Whole or not at all: a demo that was stopped makes it anew."""
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
    unfinished.rename(path)
