"""What cannot be read of what AWS Config delivered, and why."""

from __future__ import annotations

from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import Unread


class Damaged(Exception):
    """A delivery that cannot be read to its end. The text says why; unless told, it is of the kind `malformed`."""

    def __init__(self, text: str, kind: Kind = Kind.MALFORMED) -> None:
        super().__init__(text)
        self.kind = kind

    def unread(self, file: str | None = None) -> Unread:
        """It, as a snapshot records it."""
        return Unread(kind=self.kind, reason=str(self), file=file)
