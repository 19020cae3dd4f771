import re

import pytest

from vitrine.origin import pages

PAGES = ("index", "watch", "studio")


def addresses(text: str) -> set[str]:
    """Every file of ours that a page, a script or a style sheet names."""
    beside = re.findall(r'from "\./([\w-]+\.js)"', text)
    return {*re.findall(r"/static/([\w./-]+\.\w+)", text), *beside}


def scripts(names: set[str]) -> set[str]:
    """The modules that these import, and those that they import."""
    found = set(names)
    for name in names:
        asset = pages.static_file(name)
        if asset and name.endswith(".js") and not name.startswith("vendor/"):
            found |= scripts(addresses(asset.body.decode()) - names)
    return found


@pytest.mark.parametrize("name", PAGES)
def test_a_page_names_only_files_that_are_served(name: str) -> None:
    named = scripts(addresses(pages.page(name).body.decode()))
    assert named
    assert {file for file in named if pages.static_file(file) is None} == set()


def test_every_script_and_style_sheet_is_used() -> None:
    named = set[str]().union(*(scripts(addresses(pages.page(name).body.decode())) for name in PAGES))
    served = {name for name in pages._static_files() if not name.startswith("vendor/")}
    assert named - {"vendor/hls.min.js"} == served


def test_the_watch_page_names_every_module_so_that_none_waits_for_another_to_be_read() -> None:
    text = pages.page("watch").body.decode()
    early = set(re.findall(r'<link rel="modulepreload" href="/static/([\w-]+\.js)">', text))
    assert early == {name for name in scripts({"watch.js"}) if name.endswith(".js")} - {"watch.js"}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_nothing_inline_that_its_policy_forbids(name: str) -> None:
    text = pages.page(name).body.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", text)
    assert not re.search(r"(src|href)=\"(https?:)?//", text)


def test_pages_and_files_tell_their_type() -> None:
    types = {name: asset.content_type for name in ("watch.js", "watch.css", "icons.svg") if (asset := static(name))}
    assert types == {
        "watch.js": "text/javascript; charset=utf-8",
        "watch.css": "text/css; charset=utf-8",
        "icons.svg": "image/svg+xml; charset=utf-8",
    }
    assert pages.page("watch").content_type == "text/html; charset=utf-8"


def static(name: str) -> pages.Asset:
    asset = pages.static_file(name)
    assert asset is not None
    return asset


def test_an_etag_is_strong_and_belongs_to_the_bytes() -> None:
    tags = [static(name).etag for name in ("watch.js", "watch.css")] + [pages.page(name).etag for name in PAGES]
    assert len(set(tags)) == len(tags)
    assert all(re.fullmatch(r'"[0-9a-f]{32}"', tag) for tag in tags)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "nothing.js",
        "watch.html",
        "__init__.py",
        "../app.py",
        "vendor/../watch.js",
        "/etc/passwd",
        "vendor",
        ".",
        "WATCH.JS",
    ],
)
def test_what_is_not_listed_is_not_served(name: str) -> None:
    assert pages.static_file(name) is None


def test_an_unknown_page_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(KeyError):
        pages.page("studio/../watch")


def test_the_policy_allows_pictures_from_other_hosts_and_nothing_else_and_nothing_inline() -> None:
    policy = dict(part.split(" ", 1) for part in pages.HEADERS["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy.pop("img-src") == "'self' https:"
    assert policy.pop("media-src") == "'self' blob: data:"
    assert {source for sources in policy.values() for source in sources.split()} == {"'none'", "'self'", "blob:"}
    assert policy["script-src"] == "'self'"


@pytest.mark.parametrize("name", ["vitrine-products.js", "vitrine-snapshot.js"])
def test_anyones_page_may_import_the_player_module(name: str) -> None:
    asset = static(name)
    assert asset.content_type == "text/javascript; charset=utf-8"
    assert asset.headers["Access-Control-Allow-Origin"] == "*"
    assert asset.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert pages.HEADERS.items() <= asset.headers.items()


def test_nobody_elses_page_may_read_the_rest() -> None:
    assert static("watch.js").headers == pages.page("watch").headers == pages.HEADERS
