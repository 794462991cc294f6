"""All that is read goes through `base/files.py`: nothing else opens a file, and nothing else converts a moment."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.each import each

SOURCE = Path(__file__).parent.parent / "src" / "demarcate"

OPENS = {"open", "read_bytes", "read_text", "fdopen", "rglob", "glob", "iterdir", "scandir", "walk"}
"""Names of what opens a file, or lists what is in a folder: as functions, as methods, and as functions of modules."""

OWN = {"read_bytes", "read_text", "walk", "open_file"}
"""Functions of ours of those names: as functions they are what is to be used."""

ALLOWED: dict[str, set[str]] = {
    "base/cache.py": {"glob"},  # of the cache's own folder
    "base/connection.py": {"read_text"},  # /proc/self/status
    "base/fetching.py": {"open"},  # an address, and no file
    "base/files.py": OPENS,
    "checks/catalog.py": {"glob", "read_bytes"},  # the text of our own modules
    "drift/baselines.py": {"rglob"},  # a folder of our own, whose digest is taken
    "estate/sources/terraform/configured.py": {"glob"},  # one folder, of which links that lead out are left
    "estate/snapshots/journal.py": {
        "open",
        "fdopen",
        "iterdir",
        "glob",
    },  # a folder of our own; see test_journal.py
    "estate/sources/config/spooling.py": {"open"},  # a temporary folder of our own
    "estate/snapshots/tabular.py": {"open"},  # the folder that is being written
    "estate/snapshots/writing.py": {"open", "fdopen", "iterdir"},  # the folder that is being written
    "estate/sources/cloudformation/forms.py": {"read_bytes"},  # our own data
    "estate/sources/cloudformation/shapes.py": {"read_bytes"},  # our own data
    "estate/sources/terraform/configuration.py": {"glob"},  # one level, and only what `is_file` says is one
    "estate/sources/terraform/mapped.py": {"read_bytes"},  # our own data
    "evidence/load.py": {"iterdir"},  # one level, and only what `lstat` says is a file
    "lake/assessing.py": {"scandir"},  # the folder that is being written
    "lake/collecting.py": {"iterdir"},  # the folder that is to be written
    "lake/places.py": {"open", "scandir"},  # one level of a lake, and what is copied to the task's own folder
    "ledger/opening.py": {"open"},  # what makes it, and its lock
    "logs/detecting/places.py": {"open"},  # a temporary folder of our own
    "logs/store/catalog.py": {"glob", "iterdir", "open"},  # the store's own folder, and its lock
    "logs/store/loading.py": {"open"},  # the store's own folder
    "logs/sigma/reading.py": {"glob", "read_bytes"},  # the text of our own modules
    "model/index.py": {"glob", "read_bytes"},  # the text of our own modules
    "model/load.py": {"rglob", "glob", "read_bytes"},  # our own data
    "model/frameworks.py": {"glob", "read_bytes"},  # our own data
    "patching/kinds.py": {"read_bytes"},  # the text of our own module
    "posture/kept.py": {"iterdir"},  # the folder that is being written
    "posture/line.py": {"read_bytes"},  # the text of our own module
    "report/out.py": {"open"},  # /dev/null in place of a stream that is closed
    "report/html/page.py": {"read_text"},  # our own package's resources
}
METHODS = {"estate/sources/config/deliveries.py", "estate/sources/config/files.py"}
"""Where `.open()` is a method of ours (`Delivery.open`), and not that of a path."""


class Read(NamedTuple):
    """The lines on which a module opens something, and how; and those on which it converts a moment."""

    opened: tuple[tuple[int, str], ...]
    converts: tuple[int, ...]


@cache
def read(path: Path) -> Read:
    """A module, looked through once for all tests."""
    opened: list[tuple[int, str]] = []
    converts: list[int] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute):
            if node.attr in CONVERTS:
                converts.append(node.lineno)
        elif isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id in OPENS - OWN:
                opened.append((node.lineno, called.id))
            elif isinstance(called, ast.Attribute) and called.attr in OPENS and not ours(called):
                opened.append((node.lineno, called.attr))
    return Read(tuple(opened), tuple(converts))


def ours(called: ast.Attribute) -> bool:
    """Whether a method of that name is one of ours, by what it is called on."""
    on = ast.unparse(called.value)
    return (called.attr, on) in {("open", "Snapshot"), ("walk", "ast"), ("read_text", "documents")}


@each("path", sorted(SOURCE.rglob("*.py")), ids=lambda p: str(p.relative_to(SOURCE)))
def test_nothing_else_opens_files(path: Path) -> None:
    name = path.relative_to(SOURCE).as_posix()
    allowed = ALLOWED.get(name, set()) | ({"open"} if name in METHODS else set())
    assert [place for place in read(path).opened if place[1] not in allowed] == []


def test_the_exceptions_are_needed() -> None:
    for name, allowed in ALLOWED.items():
        used = {how for _, how in read(SOURCE / name).opened}
        assert allowed <= used or allowed is OPENS, name


CONVERTS = {"astimezone", "fromtimestamp", "utcfromtimestamp", "timestamp"}


def test_moments_are_brought_to_utc_in_one_place() -> None:
    places = [
        f"{path.relative_to(SOURCE).as_posix()}:{line}"
        for path in SOURCE.rglob("*.py")
        for line in read(path).converts
    ]
    assert {place.partition(":")[0] for place in places} == {"base/moments.py"}


def test_nothing_asks_for_the_umask() -> None:
    """Asking for it is setting it, for all threads."""
    assert [path for path in SOURCE.rglob("*.py") if "umask(" in path.read_text()] == []
