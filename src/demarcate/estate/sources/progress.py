"""What a collection tells of itself while it runs, to whoever shows it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told from several threads."""

    def expected(self, accounts: int) -> None:
        """So many accounts will be read."""

    def planned(self, account: str, service: str, parts: int) -> None:
        """So many parts (tables of one account and region) of a service will be read."""

    def called(self, account: str, service: str) -> None:
        """AWS answered a request."""

    def finished(self, account: str, service: str, rows: int) -> None:
        """A part is done; it has so many rows."""


class Silent:
    """Shows nothing."""

    def expected(self, accounts: int) -> None:
        """Say nothing."""

    def planned(self, account: str, service: str, parts: int) -> None:
        """Say nothing."""

    def called(self, account: str, service: str) -> None:
        """Say nothing."""

    def finished(self, account: str, service: str, rows: int) -> None:
        """Say nothing."""
