"""Templates read again as they would be with edits, so that only edits are offered that come to what was meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from os.path import realpath
from pathlib import Path
from typing import Protocol, TypeVar

from demarcate.base.documents import DocumentError, read_text
from demarcate.base.errors import DemarcateError
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.cloudformation.editing import NotEdited
from demarcate.estate.sources.cloudformation.source import read_as
from demarcate.estate.sources.edits import Edited
from demarcate.estate.sources.interface import Options
from demarcate.estate.sources.plan import Selection


class Declared(Protocol):
    """What an edit is for: something that a file declares."""

    @property
    def file(self) -> str | None:
        """The file."""


T = TypeVar("T", bound=Declared)


@dataclass(slots=True)
class Reading:
    """Templates, of which some have other texts than their files (`texts`)."""

    sources: Sequence[str]
    options: Options
    selection: Selection
    texts: dict[str, str] = field(default_factory=dict)
    _written: dict[str, str] = field(default_factory=dict)
    _grown: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    """By file: the line of each edit, and how many more lines there are since."""

    def text(self, file: str) -> str:
        """What is in a file, edits included. Raises NotEdited where it cannot be read any more."""
        return self.texts[file] if file in self.texts else self.written(file)

    def written(self, file: str) -> str:
        """What is in a file without edits. Raises NotEdited where it cannot be read any more."""
        if file not in self._written:
            try:
                self._written[file] = read_text(Path(file))
            except DocumentError as error:
                raise NotEdited(error.message) from error
        return self._written[file]

    def put(self, file: str, text: str, line: int) -> int:
        """Put an edited text in the place of a file's; the edited line, as the file itself counts it."""
        more = text.count("\n") - self.text(file).count("\n")
        grown = self._grown.setdefault(file, [])
        own = line
        for above, lines in reversed(grown):
            own = max(own - lines, above) if own > above else own
        grown.append((line, more))
        self.texts[file] = text
        return own

    def take_back(self, file: str, text: str | None) -> None:
        """Take the last edit of a file back; its text before it is None where it had none."""
        self._grown[file].pop()
        if text is None:
            del self.texts[file]
        else:
            self.texts[file] = text

    def keep(self) -> Callable[[], None]:
        """Keep the edits as they are now: what brings these back."""
        texts, grown = dict(self.texts), {file: list(lines) for file, lines in self._grown.items()}

        def bring_back() -> None:
            self.texts, self._grown = dict(texts), {file: list(lines) for file, lines in grown.items()}

        return bring_back

    def read(self) -> Snapshot:
        """All templates, edits included. Raises DemarcateError."""
        texts = {realpath(file): text for file, text in self.texts.items()}
        return read_as(self.sources, texts, self.selection, self.options)


Texts = Callable[[Reading, T], Iterator[tuple[int, str]]]
"""The line and the text of an item's file by each way in which it can be edited. Raises NotEdited."""

Wrong = Callable[[Snapshot, list[T]], str | None]
"""Why templates are not as they should be after edits for some items; None where they are."""


def edit_all(
    reading: Reading, items: Sequence[T], texts: Texts[T], wrong: Wrong[T]
) -> tuple[list[tuple[T, int]], list[tuple[T, str]]]:
    """Edit for all items what can be edited: at once where that is right, and else for each half of them.

    The edited texts are then those of the reading. Returned are the items that an edit is for, with its line, and the
    others, with why.
    """
    edited: list[tuple[T, int]] = []
    left: list[tuple[T, str]] = []
    _edit_group(reading, items, texts, wrong, edited, left)
    return edited, left


def _edit_group(
    reading: Reading,
    items: Sequence[T],
    texts: Texts[T],
    wrong: Wrong[T],
    edited: list[tuple[T, int]],
    left: list[tuple[T, str]],
) -> None:
    """Edit for items, after those that are `edited`, and add to these and to those that are `left`."""
    bring_back = reading.keep()
    group: list[tuple[T, int]] = []
    others: list[tuple[T, str]] = []
    for item in items:
        try:
            line, text = next(texts(reading, item))
        except NotEdited as error:
            others.append((item, str(error)))
        else:
            group.append((item, reading.put(str(item.file), text, line)))
    if not group or _wrong(reading, [item for item, _ in (*edited, *group)], wrong) is None:
        edited += group
        left += others
        return
    bring_back()
    if len(items) > 1:
        half = len(items) // 2
        _edit_group(reading, items[:half], texts, wrong, edited, left)
        _edit_group(reading, items[half:], texts, wrong, edited, left)
        return
    line_or_why = _alone(reading, items[0], [done for done, _ in edited], texts, wrong)
    if isinstance(line_or_why, int):
        edited.append((items[0], line_or_why))
    else:
        left.append((items[0], line_or_why))


def _alone(reading: Reading, item: T, done: list[T], texts: Texts[T], wrong: Wrong[T]) -> int | str:
    """Edit for one item by the first way that is right: the line, or why none is."""
    file, why = str(item.file), ""
    before = reading.texts.get(file)
    try:
        for line, text in texts(reading, item):
            written = reading.put(file, text, line)
            told = _wrong(reading, [*done, item], wrong)
            if told is None:
                return written
            why = why or told
            reading.take_back(file, before)
    except NotEdited as error:
        why = why or str(error)
    return why


def _wrong(reading: Reading, items: list[T], wrong: Wrong[T]) -> str | None:
    try:
        after = reading.read()
    except (DemarcateError, NotEdited) as error:
        return str(error)
    with after:
        return wrong(after, items)


def edited_files(reading: Reading) -> tuple[Edited, ...]:
    """The files that are edited now."""
    texts: Mapping[str, str] = dict(sorted(reading.texts.items()))
    return tuple(Edited(file, reading.written(file), text) for file, text in texts.items())
