"""Pins: the head of a ledger, kept where whoever writes to the ledger cannot write."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.base.files import alone, read_bytes, write_whole
from demarcate.ledger.ledger import Head

LARGEST: Final = 10_000_000
"""How many bytes a file of pins may have."""

WAIT: Final = 10.0
"""For how many seconds another run may keep the file to itself."""


def pin_line(head: Head) -> str:
    """A pin as one line of JSON."""
    return msgspec.json.encode(head).decode()


def read_pins(path: Path) -> list[Head]:
    """The pins of a file, one a line.

    Raises DemarcateError for a file that cannot be read, and for a line that is none.
    """
    try:
        return parse_pins(read_bytes(path, LARGEST), str(path))
    except OSError as error:
        raise DemarcateError(f"{path}: cannot be read: {error.strerror or error}") from error


def parse_pins(data: bytes, place: str) -> list[Head]:
    """Pins, one a line, of a file or object that messages name. Raises DemarcateError for a line that is none."""
    pins = []
    for number, line in enumerate(data.splitlines(), 1):
        if line.strip():
            try:
                pins.append(msgspec.json.decode(line, type=Head))
            except msgspec.MsgspecError as error:
                raise DemarcateError(
                    f"{place}:{number}: is no pin: {error}; demarcate ledger pin prints one"
                ) from error
    return pins


def add_pin(path: Path, head: Head) -> None:
    """Add a pin to a file, which is written whole; runs at the same time wait for each other.

    Raises DemarcateError where it cannot be read or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with alone(path, WAIT):
            pins = read_pins(path) if path.exists() else []
            write_whole(path, "".join(f"{pin_line(pin)}\n" for pin in [*pins, head]).encode())
    except OSError as error:
        raise DemarcateError(f"{path}: cannot be written: {error.strerror or error}") from error
