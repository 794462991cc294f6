"""Small functions from the form that AWS Config gives something to the form that the API gives it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from demarcate.estate.schema.paths import ABSENT, path
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.sources.cloudformation.shapes import place_of
from demarcate.estate.tables import table


def member(text: str) -> Callable[[Any], Any]:
    """What is at a path of the value, or ABSENT."""
    return path(text)


def live(name: str, column: str) -> Callable[[Any], Any]:
    """The function that turns the API's answer into a column of a table."""
    return _function(name, column, declared=False)


def declared(name: str, column: str) -> Callable[[Any], Any]:
    """The function that turns a template's property into a column of a table."""
    return _function(name, column, declared=True)


def _function(name: str, column: str, *, declared: bool) -> Callable[[Any], Any]:
    of = table(name)
    told = of.column(column)
    place = None if told is None else place_of(of, told) if declared else told.place("live")
    if place is None or place.function is None:
        raise ValueError(f"{name}.{column} is not made by a function")
    return place.function


def unless(gone: Callable[[Mapping[str, Any]], bool]) -> Callable[[dict[str, Any], Any], Iterator[dict[str, Any]]]:
    """The configuration itself, unless it is that of a resource which the table leaves out."""

    def items(configuration: dict[str, Any], _: Any) -> Iterator[dict[str, Any]]:
        if not gone(configuration):
            yield configuration

    return items


def changed(
    change: Callable[[dict[str, Any], Any], Mapping[str, Any]],
) -> Callable[[dict[str, Any], Any], Iterator[dict[str, Any]]]:
    """The configuration with what `change` makes of it and its item put into it."""

    def items(configuration: dict[str, Any], item: Any) -> Iterator[dict[str, Any]]:
        yield {**configuration, **change(configuration, item)}

    return items


def encryption_type(database: Mapping[str, Any]) -> Any:
    """How storage is encrypted. Config may not have the type: then that a KMS key is used tells it, not that
    none is, for a key that AWS owns may be.
    """
    told = database.get("StorageEncryptionType")
    if told is not None:
        return told
    encrypted = database.get("StorageEncrypted", database.get("Encrypted"))
    if encrypted is None:
        return ABSENT
    return "sse-kms" if encrypted else Unknown(Kind.UNTOLD, "AWS Config does not record the type of encryption")
