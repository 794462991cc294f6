"""Which columns of a table are compared: what can be declared, and not what AWS assigns or counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from demarcate.estate.schema.table import COMMON, COMPANION, MANAGED_BY, Column, Table
from demarcate.estate.sources.cloudformation.shapes import place_of
from demarcate.estate.tables import all_tables

_COMMON: Final = frozenset((*(column.name for column in COMMON), COMPANION.name, MANAGED_BY))

OBSERVED: Final = frozenset(
    {
        "aws_account_contact",
        "aws_config_patch_compliance",
        "aws_guardduty_finding",
        "aws_health_event",
        "aws_iam_credential_report",
        "aws_iam_credential_report_file",
        "aws_inspector_coverage",
        "aws_ssm_inventory",
        "aws_ssm_managed_instance_compliance",
        "aws_ssm_managed_instance_patch_state",
    }
)
"""Tables of what is observed or found, and not set by anybody."""


@cache
def declarable(name: str) -> tuple[Column, ...]:
    """The columns that a template can set and a live account tells, in order."""
    table = all_tables()[name]
    return tuple(column for column in table.columns if _is_declarable(table, column))


def _is_declarable(table: Table, column: Column) -> bool:
    template, live = place_of(table, column), column.place("live")
    if template is None or live is None or column.name in _COMMON or column.name.endswith("_declared"):
        return False
    # What is made of the whole of AWS's answer is a conclusion, and no setting of its own.
    return not template.path.startswith("#") and not live.path.startswith("#format.") and live.path != "@"


@cache
def settings_of(name: str, asked: frozenset[str]) -> tuple[Column, ...]:
    """The columns that are compared with a baseline that was itself read live: what can be declared, and what checks
    ask of it (`asked`). Moments are none of them: they go on by themselves.
    """
    table = all_tables()[name]
    if name in OBSERVED or table.facts:
        return ()
    own = {column.name for column in declarable(name)} | _children_need(name)
    return tuple(
        column
        for column in table.columns
        if (column.name in own or column.name in asked)
        and column.name not in _COMMON
        and column.type != "TIMESTAMP"
    )


@dataclass(frozen=True, slots=True)
class Children:
    """Rows that belong to rows of another table: those of a table, and those that a template declares apart.

    `owner` is the column that names whose they are, `needs` are the columns of the owner that hold the same, `called`
    is what they are together, `concluded` are columns that follow from the others. Rows of `may_lack` are declared by
    nobody and may be missing live.
    """

    of: str
    owner: str
    needs: tuple[str, ...]
    called: str
    concluded: tuple[str, ...] = ()
    may_lack: tuple[Mapping[str, Any], ...] = ()


CHILDREN: Final[Mapping[str, Children]] = {
    "aws_vpc_security_group_rule": Children(
        "aws_vpc_security_group",
        "group_id",
        ("ip_permissions", "ip_permissions_egress", "declares_egress_apart"),
        "rules",
        ("services", "traffic"),
        # AWS adds it to a group without egress rules only where the network has IPv6.
        (
            {
                "type": "egress",
                "is_egress": True,
                "ip_protocol": "-1",
                "from_port": 0,
                "to_port": 65535,
                "cidr_ipv6": "::/0",
            },
        ),
    ),
}
"""By table. Other derived tables are made in both sources from a column that is compared itself."""


@cache
def _children_need(table: str) -> frozenset[str]:
    """The columns that derived tables are made of."""
    return frozenset(
        name
        for other in all_tables().values()
        for derived in other.derived
        if derived.of == table
        for name in derived.needs
    )


@cache
def attribute_column(name: str, attribute: str) -> str | None:
    """The column that holds an attribute of a resource, as `Fn::GetAtt` names it; None where none does."""
    for column in all_tables()[name].columns:
        place = column.place("cloudformation")
        if place is not None and place.path == f"#attribute.{attribute}" and column.place("live") is not None:
            return column.name
    return None


@cache
def tables_by_type() -> dict[str, Table]:
    """The table that resources of a template type are rows of."""
    return {type_: table for table in reversed(all_tables().values()) for type_ in table.types}
