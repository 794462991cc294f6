"""A plan or state read again as it would be with edits of the configuration beside it.

Terraform alone evaluates a configuration. But what is edited here are literals, and a plan has these as they are: so
the plan is read with them, and a row shows what comes of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from demarcate.estate.schema.table import Column, Table
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.cloudformation.editing import NotEdited, Same
from demarcate.estate.sources.cloudformation.rereading import Reading
from demarcate.estate.sources.terraform.editing import Written, differing, edited, places_of, wanted_of
from demarcate.estate.sources.terraform.source import read_as

CONFIGURATION: Final = ".tf"
"""How the names of files of Terraform's configuration end."""


class ConfigurationReading(Reading):
    """Plans and states, beside which files of a configuration have other texts than they are written (`texts`)."""

    def read(self) -> Snapshot:
        """The plans and states, edits included. Raises DemarcateError, and NotEdited."""
        edits = [edit for file, text in sorted(self.texts.items()) for edit in differing(self.written(file), text)]
        return read_as(self.sources, edits, self.selection, self.options)


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """What an edit is for, the file in which it would be made, and the arguments of it that may be edited."""

    item: T
    file: str
    places: Sequence[Written]

    @classmethod
    def of(
        cls,
        reading: Reading,
        item: T,
        file: str,
        address: str,
        table: Table,
        column: Column,
        value: Any,
        declared: Any,
    ) -> Asked[T]:
        """The edits by which the resource that a file declares would have a column's value. Raises NotEdited."""
        wanted = list(wanted_of(table, column, value, declared, address.partition(".")[0]))
        places = places_of(reading, file, address, wanted)
        chosen = places[0].file
        return cls(item, chosen, [place for place in places if place.file == chosen])

    def texts(self, reading: Reading, same: Same) -> Iterator[tuple[int, str]]:
        """The line and the text of the file by each argument. Raises NotEdited."""
        why: NotEdited | None = None
        for place in self.places:
            try:
                yield edited(reading, place, same)
            except NotEdited as error:
                why = why or error
        if why is not None:
            raise why
        raise NotEdited("it is made of arguments by a rule that does not lead back")
