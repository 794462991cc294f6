"""Parts of a snapshot that nobody keeps: the lines that they were written as, until somebody needs files of rows.

Most such snapshots are small and judged once: to make a file of rows of each table takes longer than to read its lines.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

from demarcate.estate.snapshots.tabular import Lines, write_lines

MOST_ROWS, MOST_BYTES = 10_000, 8_000_000
"""How large what stays as lines may be: they are read whole, whatever of them is asked for."""

MEMORY = 160_000_000
"""Bytes that making a file of rows may take."""


class Spooled:
    """Those parts of one folder, by the names of the files that they become. Safe for several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts: dict[str, Lines] = {}
        self._lock = threading.Lock()

    def add(self, file: str, lines: Lines) -> None:
        """Leave a part as it is."""
        with self._lock:
            self._parts[file] = lines

    def lines(self, files: Iterable[str]) -> list[Lines]:
        """The lines of some files, where all of them are still lines, and few; else none."""
        parts = [self._parts.get(file) for file in files]
        lines = [part for part in parts if part is not None]
        few = len(lines) == len(parts) and sum(part.rows for part in lines) <= MOST_ROWS
        return lines if few else []

    def settle(self, files: Iterable[str] | None = None) -> None:
        """Make files of rows of what is still lines: of all, or of some files. Raises OSError as `write_lines` does."""
        with self._lock:
            left = [file for file in (self._parts if files is None else files) if file in self._parts]
            if not left:
                return
            from demarcate.base.connection import Limits, connect

            with connect(self._folder, limits=Limits(memory=MEMORY, threads=1)) as connection:
                for file in left:
                    write_lines(connection, self._parts[file], self._folder / file)
                    self._parts.pop(file).spool.unlink()
