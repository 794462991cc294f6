"""What of a file of logs cannot be read, and why."""

from __future__ import annotations

from demarcate.estate.schema.unknown import Kind


class Damaged(Exception):
    """A file that cannot be read to its end. The text says why; unless told, it is of the kind `malformed`."""

    def __init__(self, text: str, kind: Kind = Kind.MALFORMED) -> None:
        super().__init__(text)
        self.kind = kind
