"""The rules of the house (docs/architecture.md), held by walking the imports."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "vitrine"

MAY_IMPORT = {
    "media": set(),
    "confinement": set(),
    "ingest": {"media", "confinement"},
    "transcode": {"media", "confinement"},
    "packager": {"media"},
    "overlay": {"media"},
    "check": {"media"},
    "origin": {"media", "packager", "overlay"},
    "server": {"media", "confinement", "ingest", "transcode", "packager", "overlay", "check", "origin"},
}
IMPURE = {
    "aiohttp", "aioice", "aiortc", "asyncio", "av", "concurrent", "multiprocessing", "queue", "requests", "secrets",
    "select", "selectors", "signal", "socket", "ssl", "subprocess", "threading", "time", "uvloop",
}  # fmt: skip
SHELL_NAMES = {"server.py", "peer.py", "pool.py"}
SHELL_FOLDERS = ("transcode/worker/", "ingest/whip/process/", "origin/", "server/")
HOMES = {
    "aiortc": ("ingest/whip/process/",),
    "aioice": ("ingest/whip/process/",),
    "av": ("transcode/worker/", "ingest/file/", "ingest/sample/"),
    "aiohttp": ("ingest/whip/server.py", "check/peer.py", "origin/", "server/"),
    "uvloop": ("server/",),
    "PIL": ("transcode/worker/slate.py", "server/slate.py"),
    "click": ("server/",),
    "rich": ("server/",),
}
VAGUE_NAMES = {"utils", "helpers", "common", "misc", "base", "manager"}
LONGEST_FILE = 400
LONGEST_FUNCTION = 50


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def place(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{place(path)}: relative import"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_pure(path: Path) -> bool:
    where = place(path)
    opens_media = where.startswith(("ingest/file/", "ingest/sample/")) and any(
        name.split(".")[0] == "av" for name in imports(path)
    )
    return not (path.name in SHELL_NAMES or where.startswith(SHELL_FOLDERS) or opens_media)


def test_imports_go_down_only_and_siblings_never_meet() -> None:
    for path in modules():
        folder = place(path).split("/")[0]
        if folder not in MAY_IMPORT:
            continue
        for name in imports(path):
            parts = name.split(".")
            if parts[0] == "vitrine" and len(parts) > 1 and parts[1] in MAY_IMPORT:
                assert parts[1] == folder or parts[1] in MAY_IMPORT[folder], f"{place(path)} imports {name}"


def test_cores_import_no_io() -> None:
    for path in modules():
        if is_pure(path):
            used = {name.split(".")[0] for name in imports(path)} & IMPURE
            assert not used, f"{place(path)} is a core and imports {sorted(used)}"


def test_pure_folders_need_nothing_installed() -> None:
    standard_only = ("media/", "packager/", "overlay/", "check/")
    for path in modules():
        if place(path).startswith(standard_only) and is_pure(path):
            outside = {name.split(".")[0] for name in imports(path)} & {"msgspec", "numpy", "av", "aiohttp"}
            assert not outside, f"{place(path)} imports {sorted(outside)}"


@pytest.mark.parametrize(("library", "homes"), HOMES.items())
def test_each_library_has_one_home(library: str, homes: tuple[str, ...]) -> None:
    for path in modules():
        if library in {name.split(".")[0] for name in imports(path)}:
            assert place(path).startswith(homes), f"{place(path)} imports {library}"


def test_no_import_cycles() -> None:
    names = {"vitrine." + place(path)[:-3].replace("/", ".").removesuffix(".__init__"): path for path in modules()}
    graph = {name: {found for found in imports(path) if found in names} for name, path in names.items()}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name not in done:
            for imported in graph[name] - {name}:
                visit(imported, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def test_names_say_what_is_inside() -> None:
    for path in modules():
        assert path.stem not in VAGUE_NAMES, place(path)


def test_files_and_functions_are_short() -> None:
    for path in modules():
        lines = path.read_text(encoding="utf-8").count("\n")
        assert lines <= LONGEST_FILE, f"{place(path)} has {lines} lines"
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                assert length <= LONGEST_FUNCTION, f"{place(path)}: {node.name} has {length} lines"


def test_every_core_has_its_own_tests() -> None:
    for path in modules():
        if is_pure(path) and path.name not in {"__init__.py", "events.py", "errors.py"}:
            where = path.relative_to(PACKAGE)
            twin = ROOT / "tests" / where.parent / f"test_{where.name}"
            dataclasses_only = not any(isinstance(node, ast.FunctionDef) for node in ast.walk(tree(path)))
            assert twin.exists() or dataclasses_only, f"{place(path)} has no {twin.relative_to(ROOT)}"
