"""A plan or state read again as it would be with edits of the configuration beside it.

Terraform alone evaluates a configuration. But what is edited here are literals, and a plan has these as they are: so
the plan is read with them, and a row shows what comes of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any, Final, Generic, TypeVar

from demarcate.estate.schema.table import Column, Table
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.cloudformation.editing import NotEdited, Same
from demarcate.estate.sources.cloudformation.rereading import Reading
from demarcate.estate.sources.terraform.configured import Configured
from demarcate.estate.sources.terraform.differing import differing
from demarcate.estate.sources.terraform.editing import Written, edited, places_of
from demarcate.estate.sources.terraform.edits import Added, Edit
from demarcate.estate.sources.terraform.referring import kind_of
from demarcate.estate.sources.terraform.source import read_as
from demarcate.estate.sources.terraform.wanted import Wanted, wanted_of

CONFIGURATION: Final = ".tf"
"""How the names of files of Terraform's configuration end."""

_MOST: Final = 24
"""In how many ways one thing is tried to be edited."""


@dataclass(slots=True)
class ConfigurationReading(Reading):
    """Plans and states, beside which files of a configuration have other texts than they are written (`texts`)."""

    _configured: Configured | None = None

    @property
    def configured(self) -> Configured:
        """What the plans and states say of their configuration."""
        if self._configured is None:
            self._configured = Configured(self.sources, self.text)
        return self._configured

    def edits(self) -> list[Edit | Added]:
        """What the files say otherwise, and have more, than they are written. Raises NotEdited."""
        return [
            edit
            for file, text in sorted(self.texts.items())
            for edit in differing(file, self.configured.module_of(file), self.written(file), text)
        ]

    def added(self) -> set[str]:
        """The addresses of the resources that the files have more than they are written. Raises NotEdited."""
        return {edit.address for edit in self.edits() if isinstance(edit, Added)}

    def read(self) -> Snapshot:
        """The plans and states, edits included. Raises DemarcateError, and NotEdited."""
        return read_as(self.sources, self.edits(), self.selection, self.options)


T = TypeVar("T")

Wish = tuple[Column, Any, Any]
"""A column, its value to be, and its value now (or UNTOLD)."""


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """What an edit is for, the file in which it would be made, and in which ways: the arguments of each."""

    item: T
    file: str
    ways: Sequence[Sequence[Written]]

    @classmethod
    def of(
        cls,
        reading: ConfigurationReading,
        item: T,
        file: str,
        address: str,
        table: Table,
        wishes: Iterable[Wish],
    ) -> Asked[T]:
        """The edits by which the resource that a file declares would have the values of columns. Raises NotEdited."""
        wanted = (
            wanted_of(table, column, value, declared, kind_of(address)) for column, value, declared in wishes
        )
        return cls.by(reading, item, file, address, wanted)

    @classmethod
    def by(
        cls,
        reading: ConfigurationReading,
        item: T,
        file: str,
        address: str,
        wanted: Iterable[Iterable[Wanted]],
    ) -> Asked[T]:
        """The edits by which a resource that a file declares would have arguments: one of each group, the first that is
        right. Raises NotEdited.
        """
        several = [places_of(reading, reading.configured, file, address, list(each)) for each in wanted]
        ways = [way for way in islice(product(*several), _MOST) if len({place.file for place in way}) == 1]
        if not ways:
            raise NotEdited("it takes edits of several files: edit these by hand")
        chosen = ways[0][0].file
        return cls(item, chosen, [way for way in ways if way[0].file == chosen])

    def texts(self, reading: Reading, same: Same) -> Iterator[tuple[int, str]]:
        """The line and the text of the file in each way. Raises NotEdited."""
        why: NotEdited | None = None
        for way in self.ways:
            try:
                yield edited(reading, way, same)
            except NotEdited as error:
                why = why or error
        if why is not None:
            raise why
        raise NotEdited("it is made of arguments by a rule that does not lead back")
