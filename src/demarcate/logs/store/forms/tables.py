"""All tables of the store, by their names."""

from __future__ import annotations

from typing import Final

from demarcate.logs.store.forms.cloudtrail import EVENTS
from demarcate.logs.store.forms.form import Table

TABLES: Final[dict[str, Table]] = {table.name: table for table in (EVENTS,)}
