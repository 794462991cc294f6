"""The values of a resource with what is not known before it is applied in its places.

A plan says of a value that it is known once applied, and which resources the configuration makes it of, but not how.
So what names another resource, and is made of nothing else, is a stand-in for it, as `!Ref` and `!GetAtt` are in a
template; what the configuration does not set is AWS's to choose, as where a template leaves a property out; all else is
Unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.sources.terraform.mapped import Tree

SECRET: Final = Unknown(Kind.SECRET, "is marked as sensitive, and so not kept")
_SECRET_NAME: Final = re.compile(
    r"(^|_)(password|secret_string|secret_binary|auth_token|private_key|ses_smtp_password_v4)$"
)
"""Attributes whose values are secret though an old state does not say so."""
_DYNAMIC: Final = Unknown(
    Kind.DEPLOYMENT, "is known once applied, if a dynamic block sets it: the .tf files beside the plan would tell"
)

Refer = Callable[[list[str], str], Any]
"""Makes of the references of an attribute's expression what stands for its value: `refer(references, attribute)`."""


@dataclass(frozen=True, slots=True)
class Settling:
    """How the values of one resource are settled.

    `dynamic` are the names of its dynamic blocks; None where its configuration is not at hand. `refer` finds what
    references are. Of a state all values are known (`is_plan`).
    """

    refer: Refer
    dynamic: Collection[str] | None
    is_plan: bool

    def settle(self, values: Any, unknown: Any, sensitive: Any, expressions: Any, tree: Tree) -> dict[str, Any]:
        """The values; what is null, or left to AWS, is not there."""
        settled = self._settle(values, unknown, sensitive, expressions, tree, "")
        return settled if isinstance(settled, dict) else {}

    def _settle(self, value: Any, unknown: Any, sensitive: Any, expression: Any, tree: Any, name: str) -> Any:
        if sensitive is True or (isinstance(value, str) and value and _SECRET_NAME.search(name)):
            return SECRET
        if unknown is True:
            return self._unknown(expression, tree, name)
        if isinstance(value, dict) or (value is None and isinstance(unknown, dict) and unknown):
            return self._members(value or {}, unknown, sensitive, expression, tree)
        if isinstance(value, list) or (value is None and isinstance(unknown, list) and True in unknown):
            return self._items(value or [], unknown, sensitive, expression, tree, name)
        return value

    def _members(self, value: Mapping[str, Any], unknown: Any, sensitive: Any, expression: Any, tree: Any) -> Any:
        unknown = unknown if isinstance(unknown, dict) else {}
        sensitive = sensitive if isinstance(sensitive, dict) else {}
        settled = {}
        for key in (*value, *(key for key in unknown if key not in value)):
            below = tree.get(key, tree.get("*")) if isinstance(tree, dict) else None
            inner = self._settle(
                value.get(key), unknown.get(key), sensitive.get(key), _expression(expression, key), below, key
            )
            if inner is not None:
                settled[key] = inner
        return settled

    def _items(
        self, value: list[Any], unknown: Any, sensitive: Any, expression: Any, tree: Any, name: str
    ) -> list[Any]:
        unknowns = unknown if isinstance(unknown, list) else []
        secrets = (
            sensitive
            if isinstance(sensitive, dict)
            else dict(enumerate(sensitive if isinstance(sensitive, list) else ()))
        )
        inner = tree[0] if isinstance(tree, list) and tree else tree
        named: Iterator[str] = iter(())
        references = expression.get("references") if isinstance(expression, dict) else None
        if isinstance(references, list) and any(flag is True for flag in unknowns):
            several = maximal(references)
            if len(several) == sum(flag is True for flag in unknowns):  # each unknown one is one of them, in order
                named = iter(several)
        items = []
        for number in range(max(len(value), len(unknowns))):
            item = value[number] if number < len(value) else None
            flag = unknowns[number] if number < len(unknowns) else None
            of_item = expression
            if flag is True and (reference := next(named, None)) is not None:
                of_item = {"references": [reference]}
            elif isinstance(expression, list):
                of_item = expression[number] if len(expression) == max(len(value), len(unknowns)) else None
            secret = secrets.get(number)
            items.append(self._settle(item, flag, secret, of_item, inner, name))
        return items

    def _unknown(self, expression: Any, tree: Any, name: str) -> Any:
        if not self.is_plan:
            return None
        if expression is UNSAID:  # the configuration does not set it, unless a dynamic block does
            if tree is not None and (not isinstance(tree, dict) or "*" in tree):
                return None  # an attribute, which no block makes
            if self.dynamic is None:
                return _DYNAMIC
            return (
                Unknown(Kind.DEPLOYMENT, "a dynamic block makes it, known once applied")
                if name in self.dynamic
                else None
            )
        references = expression.get("references") if isinstance(expression, dict) else None
        if isinstance(references, list):
            references = [reference for reference in references if isinstance(reference, str)]
            told = self.refer(references, name)
            if told is not None:
                return told
            made = ", ".join(maximal(references)[:3])
            return Unknown(Kind.DEPLOYMENT, f"is made of {made}, and known once applied")
        return Unknown(Kind.DEPLOYMENT, "is known once applied")


class _Unsaid:
    def __repr__(self) -> str:
        return "UNSAID"


UNSAID: Final = _Unsaid()
"""In place of an expression: the configuration of the block is known, and sets no such argument."""


def _expression(expression: Any, key: str) -> Any:
    """What the configuration says of a member, of what it says of the whole; None where that is not known."""
    if isinstance(expression, list):
        expression = expression[0] if len(expression) == 1 else None
    if not isinstance(expression, dict):
        return None
    if "references" in expression or "constant_value" in expression:
        return expression
    return expression.get(key, UNSAID)


def maximal(references: list[str]) -> list[str]:
    """References without those that are the beginning of another one.

    >>> maximal(["aws_kms_key.data.arn", "aws_kms_key.data", "var.name"])
    ['aws_kms_key.data.arn', 'var.name']
    """
    unique = list(dict.fromkeys(reference for reference in references if isinstance(reference, str)))
    return [
        reference
        for reference in unique
        if not any(other != reference and other.startswith((f"{reference}.", f"{reference}[")) for other in unique)
    ]
