"""What the deliveries of an estate may cost, however they are written.

Compressed, a megabyte can say the same small item two million times. What tells such deliveries from those of a large
organization is not how many items there are but how little stands behind each: a real one has an id, an ARN and a
moment of its own, which no compression takes away, some 40 bytes in all. So what is made of deliveries is counted, and
each byte of them, as they lie on disk or come from a bucket, pays for some of it; besides there is a reserve for all.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from demarcate.base.limits import FREE_RESOURCES
from demarcate.estate.schema.rows import Row
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.sources.config.damage import Damaged

BYTE = 10
"""Units that one byte of a compressed delivery pays for. A unit is about a microsecond of one core."""

PLAIN_BYTE = 1
"""Units that one byte pays for where somebody has unpacked it: deliveries are a tenth of that compressed."""

RESOURCE = 500
"""Units of the reserve for each resource that may be read whatever the size of the files."""

ITEM = 10
"""Units of one item, of whatever type it is."""

CHARACTERS = 8
"""Characters of JSON for one unit."""

ROW = 100
"""Units of one row, from its item to its findings."""

GROUP = 30_000
"""Units of one account and region: a part of each table."""

UNLIMITED = sys.maxsize
"""For what an aggregator answers, which the bounds of answers hold."""

TOO_MUCH = (
    "holds far more than its size accounts for; where that is right, set max-resources to how many resources are to be "
    "read"
)
"""Why something is not read."""


class Exhausted(Damaged):
    """What is left of the budget does not do."""


class Budget:
    """The units that the deliveries of one estate may spend, with `resources` beyond what their size pays for."""

    def __init__(self, resources: int = FREE_RESOURCES) -> None:
        self.left = RESOURCE * resources

    def earn(self, size: int, *, compressed: bool) -> None:
        """Count bytes of a delivery as they are read."""
        self.left += (BYTE if compressed else PLAIN_BYTE) * size

    def spend(self, units: int) -> None:
        """Count what is about to be done. Raises Exhausted once it is too much."""
        if units > self.left:
            raise Exhausted(TOO_MUCH, Kind.TOO_MUCH)
        self.left -= units

    def spend_item(self, characters: int) -> None:
        """Count an item. Raises Exhausted."""
        self.spend(ITEM + characters // CHARACTERS)

    def counted(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Rows, each counted before it is handed on. Raises Exhausted."""
        for row in rows:
            self.spend(ROW)
            yield row
