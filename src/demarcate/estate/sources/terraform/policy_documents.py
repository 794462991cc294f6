"""The policy that `data.aws_iam_policy_document` makes of its blocks, where Terraform makes it only when it applies.

What it does with its blocks is told in
https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from demarcate.estate.schema.rows import ODD
from demarcate.estate.schema.standins import DYNAMIC, StandIn, Undecided
from demarcate.estate.schema.unknown import Kind, Unknown, first_unknown

APPLIED: Final = "known once applied"
"""The text that stands for what is."""

_LISTS: Final = {
    "actions": "Action",
    "not_actions": "NotAction",
    "resources": "Resource",
    "not_resources": "NotResource",
}
_MERGED: Final = ("source_json", "override_json", "source_policy_documents", "override_policy_documents")


def policy_document(values: Mapping[str, Any], label: str) -> Any:
    """The policy; Unknown where it is merged with others. `label` is what stand-ins call it.

    A resource or value that is known once applied stands in it as a text that may be any.
    """
    try:
        return _document(values, label)
    except (*ODD, Undecided):
        return Unknown(Kind.MALFORMED, "the blocks of the policy have a form that was not expected")


def _document(values: Mapping[str, Any], label: str) -> Any:
    merged = next((name for name in _MERGED if values.get(name)), None)
    if merged is not None:
        return Unknown(Kind.DEPLOYMENT, f"is merged with other policies ({merged}), and known once applied")
    statements = values.get("statement", [])
    if isinstance(statements, Unknown):
        return statements
    return {
        "Version": values.get("version") or "2012-10-17",
        "Statement": [
            each if isinstance(each, Unknown) else _statement(each, f"{label}/{number}")
            for number, each in enumerate(statements)
        ],
    }


def _statement(block: Mapping[str, Any], label: str) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": block.get("effect", "Allow")}
    if block.get("sid"):
        statement["Sid"] = block["sid"]
    for name, member in _LISTS.items():
        if (listed := block.get(name)) is not None and listed != []:
            statement[member] = (
                listed
                if isinstance(listed, Unknown)
                else [_open(item, f"{label}/{name}/{number}") for number, item in enumerate(listed)]
            )
    for name, member in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
        if several := block.get(name):
            statement[member] = several if isinstance(several, Unknown) else _principals(several)
    if several := block.get("condition"):
        statement["Condition"] = several if isinstance(several, Unknown) else _conditions(several)
    return statement


def _principals(blocks: list[Any]) -> Any:
    principals: dict[str, list[Any]] = {}
    for block in blocks:
        if (unknown := block if isinstance(block, Unknown) else first_unknown(block.get("type"))) is not None:
            return unknown
        named = block.get("identifiers", [])
        if isinstance(named, Unknown):
            return named
        if block["type"] == "*" and named == ["*"]:
            return "*"
        principals.setdefault(block["type"], []).extend(map(_text, named))
    return principals


def _conditions(blocks: list[Any]) -> Any:
    conditions: dict[str, dict[str, list[Any]]] = {}
    for block in blocks:
        if (unknown := first_unknown(block)) is not None:
            return unknown
        of_test = conditions.setdefault(block["test"], {})
        of_test.setdefault(_text(block["variable"]), []).extend(map(_text, block.get("values", [])))
    return conditions


def _open(value: Any, label: str) -> Any:
    """An element of a list; one that is not known is a text of which nothing is known."""
    if isinstance(value, Unknown):
        return StandIn(APPLIED, f"${{{DYNAMIC}{label}}}")
    return _text(value)


def _text(value: Any) -> Any:
    return value.replace("&{", "${") if isinstance(value, str) and not isinstance(value, StandIn) else value
