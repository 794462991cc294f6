"""The errors that people see. Each says what is wrong, where, and what to do about it."""

from __future__ import annotations

import msgspec

from demarcate.base.limits import shortened


class DemarcateError(Exception):
    """Something the user can mend: shown as a message, never as a traceback. Exit code 2.

    Where several things are wrong, each has a message of its own, which is one line.
    """

    def __init__(self, *messages: str) -> None:
        super().__init__(*messages)

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))


class Problem(msgspec.Struct, frozen=True):
    """One thing in the input that could not be read; the rest goes on.

    `file` and `line` say where (`line` is 1-based; either may be None), `message` says what was found,
    what was expected and what to do, cut where it is long.
    """

    message: str
    file: str | None = None
    line: int | None = None

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "message", shortened(self.message))

    def __str__(self) -> str:
        if self.file is None:
            return self.message
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


class TooMuchMemory(OSError):
    """Rows take more memory than a connection has."""
