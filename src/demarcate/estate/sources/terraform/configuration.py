"""The configuration beside a plan: on which line a resource is declared, and which dynamic blocks it has.

No HCL is evaluated, and none parsed: where blocks begin is told by their first lines, outside of comments and heredocs.
Only files inside of the folder that the plan lies in are read, or of one that is named for its configuration, whatever
the plan says of its modules.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from demarcate.base.documents import DocumentError, read_text
from demarcate.base.files import is_file, is_folder, is_within
from demarcate.base.limits import MAX_BYTES
from demarcate.estate.sources.terraform.documents import Configuration, Document

_BLOCK: Final = re.compile(r"^\s*(resource|data)\s+\"?([\w-]+)\"?\s+\"?([\w-]+)\"?\s*\{")
_TOP: Final = re.compile(
    r"^(resource|data|module|variable|output|locals|provider|terraform|moved|import|removed|check|ephemeral)\b"
)
_DYNAMIC: Final = re.compile(r"^\s*dynamic\s+\"?([\w-]+)\"?\s*\{")
_HEREDOC: Final = re.compile(r"<<[-~]?\s*([A-Za-z_]\w*)\s*$")
_COMMENT: Final = re.compile(r"(^|\s)(#|//).*$")

MAX_FILES: Final = 2_000
"""How many files of a configuration are looked into."""


@dataclass(frozen=True, slots=True)
class Block:
    """Where a resource is declared, and the names of the dynamic blocks in it."""

    file: str
    line: int
    dynamic: frozenset[str]


class Source:
    """The configuration of a document, as far as it lies beside it, or in one of the folders that are named for it."""

    def __init__(self, document: Document, named: Sequence[Path] = ()) -> None:
        self._folder = _folder_of(document, named)
        self._configuration = document.configuration
        self._installed: dict[str, str] | None = None
        self._folders: dict[tuple[str, ...], Path | None] = {(): self._folder}
        self._blocks: dict[Path, dict[str, Block]] = {}
        self._files = 0

    @property
    def folder(self) -> Path:
        """The folder that holds its root module."""
        return self._folder

    def block(self, modules: tuple[str, ...], name: str) -> Block | None:
        """Where the resource `name` ("aws_s3_bucket.logs") of a module is declared; None where it is not beside it."""
        folder = self._folder_of(modules)
        if folder is None:
            return None
        if folder not in self._blocks:
            self._blocks[folder] = dict(self._read(folder))
        return self._blocks[folder].get(name)

    def _read(self, folder: Path) -> Iterator[tuple[str, Block]]:
        for path in files_in(folder, self._folder):
            self._files += 1
            if self._files > MAX_FILES:
                continue
            yield from _blocks_of(path)

    def _folder_of(self, modules: tuple[str, ...]) -> Path | None:
        if modules not in self._folders:
            above = self._folder_of(modules[:-1])
            self._folders[modules] = self._below(modules, above) if above is not None else None
        return self._folders[modules]

    def _below(self, modules: tuple[str, ...], above: Path) -> Path | None:
        module: Configuration | None = self._configuration
        source = ""
        for name in modules:
            call = module.module_calls.get(name) if module is not None else None
            source, module = (call.source, call.module) if call is not None else ("", None)
        if source.startswith(("./", "../")):
            path = above / source
        elif (installed := self._modules().get(".".join(modules))) is not None:
            path = self._folder / installed
        else:
            return None
        return path if is_within(path, [self._folder]) and is_folder(path) else None

    def _modules(self) -> dict[str, str]:
        """Where `terraform init` laid modules, by their names."""
        if self._installed is None:
            self._installed = {}
            path = self._folder / ".terraform" / "modules" / "modules.json"
            if is_file(path) and is_within(path, [self._folder]):
                try:
                    listed = json.loads(read_text(path))["Modules"]
                    self._installed = {each["Key"]: each["Dir"] for each in listed}
                except (DocumentError, ValueError, LookupError, TypeError, RecursionError):
                    self._installed = {}
        return self._installed


def _folder_of(document: Document, named: Sequence[Path]) -> Path:
    """The folder of a document's configuration: its own where that holds any, or that which declares most of it."""
    own = document.path.parent
    if not named or next(files_in(own, own), None) is not None:
        return own
    wanted = {f"{declared.type}.{declared.name}" for declared in document.resources if not declared.module}

    def declares(folder: Path) -> int:
        return len(wanted & {name for path in files_in(folder, folder) for name, _ in _blocks_of(path)})

    chosen = max(named, key=declares)
    return chosen if declares(chosen) else own


def _blocks_of(path: Path) -> Iterator[tuple[str, Block]]:
    """The resources that a file declares; none where it cannot be read, for it only tells where to look."""
    try:
        text = read_text(path)
    except DocumentError:
        return
    yield from blocks(text, str(path))


def files_in(folder: Path, within: Path) -> Iterator[Path]:
    """The files of a configuration in one folder, in order; none that leads out of another."""
    for path in sorted(folder.glob("*.tf")):
        if is_file(path) and is_within(path, [within]):
            yield path


def blocks(text: str, file: str) -> Iterator[tuple[str, Block]]:
    """The resources that a file declares, by type and name: `data.` before those of data.

    >>> dict(blocks('resource "aws_vpc" "main" {\\n}\\n', "main.tf"))
    {'aws_vpc.main': Block(file='main.tf', line=1, dynamic=frozenset())}
    """
    name, line, dynamic = "", 0, set[str]()
    ends, comment = "", False
    for number, written in enumerate(text[:MAX_BYTES].splitlines(), start=1):
        if ends:
            ends = "" if written.strip() == ends else ends
            continue
        if comment:
            comment = "*/" not in written
            continue
        if written.lstrip().startswith("/*"):
            comment = "*/" not in written
            continue
        if (block := _BLOCK.match(written)) or _TOP.match(written):
            if name:
                yield name, Block(file, line, frozenset(dynamic))
            name, line, dynamic = "", number, set()
            if block:
                name = f"{'data.' if block[1] == 'data' else ''}{block[2]}.{block[3]}"
        elif of_name := _DYNAMIC.match(written):
            dynamic.add(of_name[1])
        if heredoc := _HEREDOC.search(_COMMENT.sub("", written)):
            ends = heredoc[1]
    if name:
        yield name, Block(file, line, frozenset(dynamic))
