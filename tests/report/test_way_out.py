"""No text leaves the process but through `report/out.py`, and what is made for it comes from `report/safe.py`."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tests.each import each

SOURCE = Path(__file__).parent.parent.parent / "src" / "demarcate"

HOLDERS = {"report/out.py", "report/console.py", "report/safe.py"}
"""The way out itself."""

EXEMPT: dict[str, set[str]] = {
    # Files of our own that nobody is shown.
    "base/files.py": {"os.fdopen", "open", ".open", ".write", "io.TextIOWrapper"},
    "base/encoding.py": {"msgspec.json"},
    "base/faults.py": {"write_whole"},
    "base/cache.py": {"write_whole"},
    "cli/helping.py": {".write"},  # the help, which is our own words
    # A request, which is sent and not shown; and the user's own facts, as they were given.
    "base/fetching.py": {".open"},
    "checks/facts.py": {"write_whole"},
    "patching/feeds.py": {"write_whole"},  # a feed, which is read again
    "estate/snapshots/manifest.py": {"write_whole"},
    "estate/snapshots/writing.py": {"os.fdopen", ".write"},
    "estate/snapshots/journal.py": {"os.fdopen", ".open", ".write"},
    "estate/sources/config/spooling.py": {".open", ".write", "msgspec.json"},
    "estate/snapshots/tabular.py": {".open", ".write"},
    "logs/detecting/places.py": {".open", ".writelines"},  # lines of JSON that are handed to DuckDB
    "logs/detecting/watching.py": {"write_whole", "msgspec.json"},  # a state, which is read again
    "posture/kept.py": {"write_whole"},
    # Evidence, which is read again: its cells are escaped by evidence/cells.py.
    "evidence/recording.py": {"csv", "write_whole"},
    "evidence/writing.py": {"write_whole"},  # the user's own lines, and scalars of YAML that are escaped
    "evidence/adding_reports.py": {"write_whole"},  # a copy of the user's own document
    # A patch is the user's own lines, to be applied as they are.
    "report/edits.py": {"write_whole"},
    # The ledger, which is a database; its pins and lines are JSON of ours, without a word of anybody's but hashes.
    "changes/structs.py": {"msgspec.json"},
    "changes/values.py": {"json"},  # the text of a policy that AWS is sent, and literals of JMESPath
    "ledger/exporting.py": {"msgspec.json", "io.FileIO"},
    "ledger/opening.py": {".open"},
    "ledger/pins.py": {"msgspec.json", "write_whole"},
    # A line of ours from a signal, when no stream can be trusted any more.
    "base/stopping.py": {"os.write", ".write"},
    # Values that are handed to DuckDB, or become part of a template's value.
    "checks/unit.py": {".write_bytes"},  # between a process and its child
    "logs/detecting/stored.py": {".write_bytes"},  # between a process and its child
    "lake/collecting.py": {"write_whole", ".write_bytes"},  # between a process and its child, and a later run
    "lake/places.py": {".open"},  # what is copied to the task's own folder
    "estate/sources/cloudformation/intrinsics.py": {"json"},
    # The log store, which is read again: records on their way to the database, which is given no other form of them.
    "logs/store/catalog.py": {".open"},
    "logs/store/loading.py": {".open", ".write", ".write_bytes", ".writelines"},
    "logs/store/forms/exports.py": {"io.TextIOWrapper"},
    # The log, whose entries report/logs.py writes.
    "base/logs.py": {"logging.getLogger"},
    # Its input, and the level of a library's log.
    "cli/exam.py": {"io.TextIOWrapper"},
    "estate/sources/cloudformation/sam.py": {"logging.getLogger"},
    # A writer of CSV onto an `Out`, whose cells are all made by `safe.cell`.
    "report/rows.py": {"csv"},
    # It calls the module that writes a format onto an `Out`.
    "report/reports.py": {".write"},
    # Pictures that are bytes; their text is made printable where they are drawn.
    "cli/pictures.py": {"write_whole"},
    "cli/patching/audit.py": {"write_whole"},
}
"""What else writes, and may: by file, the things that it uses."""

STREAMS = {"stdout", "stderr", "__stdout__", "__stderr__"}
PRINTING = {"print", "input", "breakpoint"}
MODULES = {
    "csv": {"writer", "DictWriter"},
    "json": {"dump", "dumps", "JSONEncoder"},
    "msgspec.json": {"encode", "Encoder"},
    "os": {"write", "writev", "fdopen", "sendfile"},
    "io": {"TextIOWrapper", "FileIO", "open", "BufferedWriter"},
    "rich": {"print", "print_json", "get_console", "inspect"},
    "rich.console": {"Console"},
    "rich.text": {"Text"},
    "rich.markup": {"render", "escape"},
    "rich.logging": {"RichHandler"},
    "typer": {"echo", "secho", "prompt", "confirm", "progressbar"},
    "traceback": {"print_exc", "print_exception", "print_stack"},
    "logging": {"basicConfig", "StreamHandler", "FileHandler", "getLogger"},
    "warnings": {"warn", "showwarning"},
}
"""What writes text, or makes text to be written, by module."""
METHODS = {"write", "writelines", "write_text", "write_bytes"}
WRITING = set("wax+")
MAKES = ("data", "notes", "Out", "saving", "through")
"""What makes an `Out`."""


def ways_out(source: str) -> list[tuple[int, str]]:
    """Every place in a source text that could let text out past `Out`: its line, and what it is."""
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    return sorted({*_named(nodes), *_called(tree, _ours(nodes), made=any(f"{name}(" in source for name in MAKES))})


def _ours(nodes: Iterable[ast.AST]) -> set[str]:
    """The names that stand for a module of ours, or for something that one of them gives."""
    return {
        alias.asname or alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("demarcate")
        for alias in node.names
    }


def _named(nodes: Sequence[ast.AST]) -> Iterator[tuple[int, str]]:
    """What is named, whether it is called there or handed on."""
    modules = {"sys": STREAMS, **MODULES}
    known: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                known[alias.asname or alias.name] = alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if alias.name in modules.get(node.module or "", ()):
                    yield node.lineno, _told(node.module or "", alias.name)
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    for node in nodes:
        if isinstance(node, ast.Attribute):
            module = _path(node.value)
            first, _, rest = module.partition(".")
            module = (
                ".".join(filter(None, [known.get(first, first), rest])) if module not in known else known[module]
            )
            if node.attr in modules.get(module, ()):
                yield node.lineno, _told(module, node.attr)
            if node.attr == "styled":
                yield node.lineno, ".styled"
        elif isinstance(node, ast.Name) and node.id in PRINTING and node.id not in known:
            yield node.lineno, node.id


def _told(module: str, name: str) -> str:
    return module if module in ("csv", "json", "msgspec.json") else f"{module}.{name}"


def _path(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_path(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def _called(
    tree: ast.AST, ours: set[str], outs: frozenset[str] = frozenset(), *, made: bool
) -> Iterator[tuple[int, str]]:
    """What is called: methods that write, on anything that is not an `Out` for sure, and files opened for writing.

    Where an `Out` is `made` nowhere, nothing is looked for that was given one.
    """
    for node in ast.iter_child_nodes(tree):
        here = outs
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            here |= {
                arg.arg for arg in _arguments(node) if arg.annotation and ast.unparse(arg.annotation) == "Out"
            }
            here |= set(_made(node) if made else ())
        elif isinstance(node, ast.ClassDef):
            here |= {f"self.{name}" for name in (_made(node) if made else ())}
        elif isinstance(node, ast.Call):
            yield from _call(node, ours, here)
        yield from _called(node, ours, here, made=made)


def _arguments(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    return [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]


def _made(scope: ast.AST) -> Iterator[str]:
    """Names to which an `Out` is given, in a function or in the methods of a class."""
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets]
            if isinstance(node.value, ast.Tuple):
                pairs = [
                    pair
                    for target in node.targets
                    if isinstance(target, ast.Tuple)
                    for pair in zip(target.elts, node.value.elts, strict=True)
                ]
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            pairs = [(node.optional_vars, node.context_expr)]
        else:
            continue
        for target, value in pairs:
            made = value.orelse if isinstance(value, ast.IfExp) else value
            if isinstance(made, ast.Call) and _path(made.func) in MAKES:
                yield _path(target).removeprefix("self.")


def _call(node: ast.Call, ours: set[str], outs: frozenset[str]) -> Iterator[tuple[int, str]]:
    name = _path(node.func)
    if name in ("write_whole", "writing"):
        yield node.lineno, name
    if not isinstance(node.func, ast.Attribute):
        if name == "open" and _writes(node.args[1:2], node):
            yield node.lineno, "open"
        return
    receiver, method = _path(node.func.value), node.func.attr
    if method in METHODS:
        made = node.func.value
        straight = isinstance(made, ast.Call) and _path(made.func) in ("data", "notes")
        if receiver not in outs | ours and not straight:
            yield node.lineno, f".{method}"
    if method == "open" and receiver not in ours and _writes(node.args[:1], node):
        yield node.lineno, ".open"


def _writes(modes: list[ast.expr], node: ast.Call) -> bool:
    """Whether a file is opened for writing; where the mode is no plain text, it may be."""
    given = [*modes, *(keyword.value for keyword in node.keywords if keyword.arg == "mode")]
    return any(WRITING & set(str(mode.value)) if isinstance(mode, ast.Constant) else True for mode in given)


FILES = {str(path.relative_to(SOURCE)): path for path in sorted(SOURCE.rglob("*.py"))}


@each("name", FILES)
def test_no_writer_goes_past_the_way_out(name: str) -> None:
    if name in HOLDERS:
        return
    past = [(line, what) for line, what in ways_out(FILES[name].read_text()) if what not in EXEMPT.get(name, ())]
    assert not past, f"src/demarcate/{name}: take an Out of report/out.py, and text of report/safe.py"


@each("name", EXEMPT)
def test_what_is_exempt_is_used(name: str) -> None:
    used = {what for _, what in ways_out(FILES[name].read_text())}
    assert used >= EXEMPT[name], f"{name} does this no more: take it from EXEMPT"


PLANTED = {
    "import sys\nsys.stdout.write('x')": "sys.stdout",
    "import sys as s\nout = s.stderr": "sys.stderr",
    "from sys import stdout as there": "sys.stdout",
    "import sys\nf(file=sys.__stderr__)": "sys.__stderr__",
    "print('x')": "print",
    "each = map(print, [])": "print",
    "answer = input('x')": "input",
    "import typer\ntyper.echo('x')": "typer.echo",
    "from typer import secho": "typer.secho",
    "from rich import print": "rich.print",
    "from rich.console import Console": "rich.console.Console",
    "import rich.console\nrich.console.Console()": "rich.console.Console",
    "from rich import console\nconsole.Console()": "rich.console.Console",
    "from rich.text import Text": "rich.text.Text",
    "import csv\ncsv.writer(out)": "csv",
    "from csv import DictWriter": "csv",
    "import json\njson.dumps(1)": "json",
    "import json as j\nj.dump(1, out)": "json",
    "import msgspec\nmsgspec.json.encode(1)": "msgspec.json",
    "from msgspec import json\njson.encode(1)": "msgspec.json",
    "from msgspec.json import Encoder": "msgspec.json",
    "import os\nos.write(1, b'x')": "os.write",
    "import os\nos.fdopen(1, 'w')": "os.fdopen",
    "open('x', 'w')": "open",
    "open('x', mode='ab')": "open",
    "open('x', how)": "open",
    "path.open('r+')": ".open",
    "path.write_text('x')": ".write_text",
    "path.write_bytes(b'x')": ".write_bytes",
    "def f(out):\n    out.write('x')": ".write",
    "def f(out: IO[str]):\n    out.writelines(['x'])": ".writelines",
    "def f(out: Out):\n    out.styled.write('x')": ".styled",
    "def f(out: Out):\n    pass\ndef g(out):\n    out.write('x')": ".write",
    "from demarcate.base.files import write_whole\nwrite_whole(path, data)": "write_whole",
    "import logging\nlogging.getLogger()": "logging.getLogger",
}


@each("source", PLANTED)
def test_a_planted_writer_is_seen(source: str) -> None:
    assert PLANTED[source] in {what for _, what in ways_out(source)}


@each(
    "source",
    [
        "from demarcate.report.out import data\ndata().write('x')",
        "def f(out: Out):\n    out.write('x')",
        "def f(path):\n    with saving(path) as out:\n        out.write('x')",
        "from demarcate.report import rows\nrows.write([], [], 'csv', out)",
        "class A:\n    def f(self):\n        self.out = Out(s)\n    def g(self):\n        self.out.write('x')",
        "open('x')\npath.open('rb')\nimport sys\nsys.stdin.readline()",
        "import json\njson.loads('1')",
        "from rich.console import RenderableType",
    ],
)
def test_what_goes_through_it_is_not_a_fault(source: str) -> None:
    assert ways_out(source) == []
