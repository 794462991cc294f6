"""All tables, one file a service. A new service is a new file here; nothing else has to know of it."""

from __future__ import annotations

import difflib
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from demarcate.base.errors import DemarcateError
from demarcate.estate.schema.table import Table


@cache
def all_tables() -> dict[str, Table]:
    """Every table by name, sorted. Raises ValueError where two have the same name."""
    tables: dict[str, Table] = {}
    for module_info in iter_modules(__path__):
        module = import_module(f"{__name__}.{module_info.name}")
        for value in vars(module).values():
            if isinstance(value, Table) and tables.setdefault(value.name, value) is not value:
                raise ValueError(f"two tables are named {value.name}")
    return dict(sorted(tables.items()))


def table(name: str) -> Table:
    """The table of that name. Raises DemarcateError that names the nearest one."""
    tables = all_tables()
    if name not in tables:
        near = difflib.get_close_matches(name, tables, 1)
        raise DemarcateError(
            f"there is no table {name!r}{f'; did you mean {near[0]}?' if near else ''} (see: demarcate tables)"
        )
    return tables[name]
