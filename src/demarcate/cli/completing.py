"""What completes in the shell: names of what ships, that begin with what is typed."""

from __future__ import annotations

from collections.abc import Iterable


def areas(incomplete: str) -> list[str]:
    """The ids of areas."""
    from demarcate.model import load

    return _beginning(incomplete, load().area)


def services(incomplete: str) -> list[str]:
    """The ids of services."""
    from demarcate.model import load

    return _beginning(incomplete, load().service)


def tables(incomplete: str) -> list[str]:
    """The names of tables."""
    from demarcate.estate.tables import all_tables

    return _beginning(incomplete, all_tables())


def checks(incomplete: str) -> list[str]:
    """The ids of checks."""
    from demarcate.checks.catalog import load_checks

    return _beginning(incomplete, load_checks())


def frameworks(incomplete: str) -> list[str]:
    """The ids of frameworks."""
    from demarcate.model.frameworks import load_frameworks

    return _beginning(incomplete, load_frameworks())


def severities(incomplete: str) -> list[str]:
    """The severities, the worst first."""
    from demarcate.checks.structs import SEVERITIES

    return _beginning(incomplete, SEVERITIES)


def responsibilities(incomplete: str) -> list[str]:
    """The ids of what the customer owes."""
    from demarcate.model import load

    return _beginning(incomplete, load().owed)


def explained(incomplete: str) -> list[str]:
    """All that can be explained."""
    from demarcate.model import load

    model = load()
    return _beginning(incomplete, [*model.area, *model.service, *model.tool, *model.responsibility]) + checks(
        incomplete
    )


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
