"""What plans and states say of the configuration beside them: where a resource may be edited, and what completes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from os.path import realpath
from pathlib import Path
from typing import Final

from demarcate.base.documents import DocumentError, read_text
from demarcate.base.files import is_file, is_within
from demarcate.estate.sources.cloudformation.editing import NotEdited
from demarcate.estate.sources.terraform import hcl
from demarcate.estate.sources.terraform.collect import Reading
from demarcate.estate.sources.terraform.configuration import MAX_FILES, files_in
from demarcate.estate.sources.terraform.documents import read
from demarcate.estate.sources.terraform.files import documents
from demarcate.estate.sources.terraform.referring import module_names, without_indexes

LOOPS: Final = ("count", "for_each")
"""Arguments by which a resource or a module is several."""

_MAX_CALLS: Final = 1_000
_OTHERS: Final = ("*.tf.json", "*.tofu", "*.tofu.json")
"""Files of a configuration that are not edited."""

Text = Callable[[str], str]
"""What is in a file, edits included. Raises NotEdited."""


@dataclass(frozen=True, slots=True)
class _Call:
    """A module that is called: its address, the folder that it is in, and where the call is written."""

    module: str
    folder: str
    place: str
    loop: str


class Configured:
    """The configuration of some plans and states."""

    def __init__(self, sources: Sequence[str], text: Text) -> None:
        self._sources, self._text = sources, text
        self._readings: list[Reading] | None = None
        self._calls: dict[Path, list[_Call]] = {}
        self._homes: dict[Path, str] = {}

    def home(self, file: str, address: str) -> str:
        """The module that a resource is in, where what its file declares is made once ("" for the root).

        Raises NotEdited where the file is of a module that is called more than once, or is none that is edited.
        """
        names = module_names(address)
        if not names:
            return ""
        module = ".".join(f"module.{name}" for name in names)
        if not address.startswith(f"{module}."):
            raise NotEdited(
                f"count or for_each makes several of {module}, and the edit would change others as well"
            )
        folder = realpath(Path(file).parent)
        told = [call for reading in self._of(file, address) for call in self._called(reading.folder)]
        calls = list(dict.fromkeys(call for call in told if call.folder == folder))
        if not any(call.module == module for call in calls):
            raise NotEdited(f"{module} is not called here from a folder of its own: edit it where its source is")
        if len(calls) > 1:
            several = ", ".join(sorted(f"{call.module} at {call.place}" for call in calls))
            raise NotEdited(f"its file is of several modules, and the edit would change all: {several}")
        for call in told:
            if call.loop and f"{module}.".startswith(f"{call.module}."):
                raise NotEdited(f"{call.loop} makes several of {call.module}, at {call.place}")
        self._homes[Path(file).parent] = module
        return module

    def module_of(self, file: str) -> str:
        """The module that a file is of, which was found to be called once ("" for the root)."""
        return self._homes.get(Path(file).parent, "")

    def completing(self, file: str, address: str, resource: str, attribute: str) -> list[tuple[str, str | None]]:
        """The resources of a kind that complete the one at an address, or may, each with the file that declares it."""
        told = [
            (other, reading.file_of(other))
            for reading in self._of(file, address)
            for other in reading.naming(address, resource, attribute)
        ]
        return list(dict.fromkeys(told))

    def has(self, file: str, address: str, other: str) -> bool:
        """Whether what has the resource that a file declares has another one, too."""
        return any(reading.has(other) for reading in self._of(file, address))

    def why_not(self, address: str) -> str:
        """Why the resource at an address, whose file is not known, is not edited."""
        *_, type_, name = without_indexes(address).split(".")
        for reading in self._all():
            for path in others_in(reading.folder) if reading.has(address) and not module_names(address) else ():
                text = _read(path)
                if f'"{type_}"' in text and f'"{name}"' in text:
                    return f"{path} declares it, and only what .tf files say is edited: edit it by hand"
        return "no configuration (.tf) lies beside what declares it: name its folder as well"

    def _of(self, file: str, address: str) -> Iterator[Reading]:
        """The plans and states that have a resource which a file declares."""
        return (reading for reading in self._all() if reading.has(address) and reading.file_of(address) == file)

    def _all(self) -> list[Reading]:
        if self._readings is None:
            files, named = documents([Path(name) for name in self._sources])
            self._readings = [Reading(read(path), "", list(named)) for path in files]
        return self._readings

    def _called(self, root: Path) -> list[_Call]:
        """The modules that are called from a folder on, as far as they are in it."""
        if root not in self._calls:
            self._calls[root] = list(islice(self._calls_below(root), _MAX_CALLS))
        return self._calls[root]

    def _calls_below(self, root: Path) -> Iterator[_Call]:
        left = [("", root)]
        while left:
            above, folder = left.pop()
            for path in islice(files_in(folder, root), MAX_FILES):
                for block in blocks_of(self._text(str(path)), str(path)):
                    if block.type != "module" or len(block.labels) != 1:
                        continue
                    call = self._call(block, str(path), above, folder)
                    if call is not None and is_within(call.folder, [root]):
                        yield call
                        if call.module.count(".") < _DEEPEST:
                            left.append((call.module, Path(call.folder)))

    def _call(self, block: hcl.Block, file: str, above: str, folder: Path) -> _Call | None:
        text = self._text(file)
        source = [text[argument.start : argument.end] for argument in block.arguments("source")]
        try:
            name = hcl.literal(source[0]) if source else None
        except hcl.NotUnderstood:
            return None
        if not isinstance(name, str) or not name.startswith(("./", "../")):
            return None
        loop = next((loop for loop in LOOPS if block.arguments(loop)), "")
        module = f"{above}.module.{block.labels[0]}" if above else f"module.{block.labels[0]}"
        return _Call(module, realpath(folder / name), f"{file}:{hcl.line_at(text, block.begin)}", loop)


_DEEPEST: Final = 40
"""Through how many modules calls are followed, each of which has two names in an address."""


def blocks_of(text: str, file: str) -> tuple[hcl.Block, ...]:
    """The blocks of a file. Raises NotEdited."""
    try:
        return hcl.blocks(text)
    except hcl.NotUnderstood as error:
        raise NotEdited(f"{file}: {error}") from error


def others_in(folder: Path) -> Iterator[Path]:
    """The files of a configuration in a folder that are not edited."""
    for pattern in _OTHERS:
        for path in sorted(folder.glob(pattern)):
            if is_file(path) and is_within(path, [folder]):
                yield path


def _read(path: Path) -> str:
    try:
        return read_text(path)
    except DocumentError:
        return ""
