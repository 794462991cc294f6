"""What is left out of drift: what AWS itself keeps in every account, and what people say is not to be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import msgspec

from demarcate.base.documents import DocumentError, convert, items_of, line_of, read_text
from demarcate.drift.structs import Drift
from demarcate.estate.schema.table import MANAGED_BY, Table
from demarcate.estate.tables import all_tables

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AwsOwn:
    """Which rows of a table are AWS's own, by the columns that tell it."""

    columns: tuple[str, ...] = ()
    tell: Callable[[Row], bool] = field(default=lambda _: False)

    def is_aws(self, row: Row) -> bool:
        """Whether AWS made or operates a resource."""
        return bool(row.get(MANAGED_BY)) or self.tell(row)


_OWN: Final[Mapping[str, AwsOwn]] = {
    "aws_iam_role": AwsOwn(("path",), lambda row: str(row["path"] or "").startswith("/aws-service-role/")),
    "aws_kms_key": AwsOwn(("key_manager",), lambda row: row["key_manager"] == "AWS"),
    "aws_kms_alias": AwsOwn(("alias_name",), lambda row: str(row["alias_name"]).startswith("alias/aws/")),
    "aws_vpc": AwsOwn(("is_default",), lambda row: bool(row["is_default"])),
    "aws_vpc_subnet": AwsOwn(("default_for_az",), lambda row: bool(row["default_for_az"])),
    "aws_vpc_security_group": AwsOwn(("group_name",), lambda row: row["group_name"] == "default"),
    "aws_vpc_network_acl": AwsOwn(("is_default",), lambda row: bool(row["is_default"])),
    "aws_eventbridge_bus": AwsOwn(("name",), lambda row: row["name"] == "default"),
}
"""What every account has, or gets by itself: nobody declares it."""


def aws_own(table: Table) -> AwsOwn:
    """Which rows of a table are AWS's own."""
    own = _OWN.get(table.name, AwsOwn())
    names = {column.name for column in table.all_columns}
    managed = (MANAGED_BY,) if MANAGED_BY in names else ()
    return AwsOwn((*managed, *(name for name in own.columns if name in names)), own.tell)


_FILLED: Final[Mapping[tuple[str, str], Callable[[Any], bool]]] = {
    # A topic that declares no policy gets one for its owner's account.
    # https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
    ("aws_sns_topic", "policy"): lambda live: isinstance(live, dict) and live.get("Id") == "__default_policy_ID",
    # A key that declares no policy gives its account full access.
    # https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    ("aws_kms_key", "policy"): lambda live: isinstance(live, dict) and len(live.get("Statement", ())) == 1,
}
"""What AWS sets by itself where nothing is declared, by table and column."""


def filled_by_aws(table: str, column: str, declared: Any, live: Any) -> bool:
    """Whether nothing is declared, and what is live is what AWS then sets: such as a name that it makes up."""
    if declared not in ("", [], {}, None):
        return False
    if column == "name" or column.endswith("_name"):
        return True
    known = _FILLED.get((table, column))
    return known is not None and known(live)


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Differences that are not told, and why. `*` and `?` stand for letters, as in names of files; empty means all."""

    why: str
    table: str = ""
    resource: str = ""
    column: str = ""
    kind: str = ""

    def is_for(self, drift: Drift) -> bool:
        """Whether it speaks of a difference."""
        named = ((self.table, drift.table), (self.column, drift.column or ""), (self.kind, str(drift.kind)))
        return all(not pattern or fnmatchcase(value, pattern) for pattern, value in named) and (
            not self.resource
            or any(fnmatchcase(name, self.resource) for name in (drift.resource, drift.logical_id or ""))
        )


@dataclass(frozen=True, slots=True)
class Ignored:
    """The rules of people."""

    rules: tuple[Rule, ...] = ()

    def leaves_out(self, drift: Drift) -> bool:
        """Whether a difference is not told."""
        return any(rule.is_for(drift) for rule in self.rules)


def read_rules(path: Path | None) -> Ignored:
    """The rules of a YAML file; none without one. Raises DemarcateError that names the line."""
    if path is None:
        return Ignored()
    file = str(path)
    rules = []
    for item in items_of(read_text(path), file, "rules, each with a why"):
        rule = convert(item, Rule, file)
        if rule.table and not any(fnmatchcase(name, rule.table) for name in all_tables()):
            raise DocumentError(f"there is no table {rule.table!r}", file, line_of(item))
        if not (rule.table or rule.resource or rule.column or rule.kind):
            message = "it leaves everything out: name a table, a resource, a column or a kind"
            raise DocumentError(message, file, line_of(item))
        rules.append(rule)
    return Ignored(tuple(rules))
