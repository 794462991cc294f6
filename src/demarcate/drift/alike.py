"""Whether a declared value and a live one mean the same, though AWS writes it in another way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from demarcate.base.encoding import to_json

AWS_TAGS: Final = "aws:"
"""How tags begin that AWS sets itself.

https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
"""

_LISTS: Final = frozenset({"Action", "NotAction", "Resource", "NotResource"})
"""Elements of a policy statement that are a text or a list of texts, in any order.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""


def alike(declared: Any, live: Any, *, column: str = "") -> bool:
    """Whether two values of a column mean the same.

    Lists have no order, letters no case, a name may be the end of an ARN, and policies mean what their statements say.

    >>> alike(["b", "a"], ["a", "b"]), alike("Enabled", "ENABLED"), alike("key-1", "arn:aws:kms:eu-west-1:1:key/key-1")
    (True, True, True)
    """
    if column == "tags":
        declared, live = _own_tags(declared), _own_tags(live)
    mine, theirs = _canonical(_policy(declared)), _canonical(_policy(live))
    same: bool = mine == theirs
    return same or _texts_alike(declared, live)


def _texts_alike(declared: Any, live: Any) -> bool:
    if isinstance(declared, list) and isinstance(live, list):
        return len(declared) == len(live) and _paired(declared, live)
    if not isinstance(declared, str) or not isinstance(live, str):
        return False
    if declared.casefold() == live.casefold():
        return True
    return _names(declared, live) or _names(live, declared)


def _paired(declared: list[Any], live: list[Any]) -> bool:
    """Whether each declared item is like a live one that no other is like."""
    left = list(live)
    for item in declared:
        match = next((place for place, other in enumerate(left) if alike(item, other)), None)
        if match is None:
            return False
        del left[match]
    return True


def _names(name: str, arn: str) -> bool:
    """Whether a name is the resource of an ARN."""
    if not arn.startswith("arn:") or not name or name.startswith("arn:"):
        return False
    resource = arn.split(":", 5)[-1]
    return resource == name or resource.endswith((f"/{name}", f":{name}"))


def _own_tags(tags: Any) -> Any:
    if not isinstance(tags, dict):
        return tags
    return {key: value for key, value in tags.items() if not key.startswith(AWS_TAGS)}


def _policy(value: Any) -> Any:
    """A policy document in one form of the many that mean the same; any other value as it is."""
    if not isinstance(value, dict) or "Statement" not in value:
        return value
    statements = value["Statement"]
    listed = statements if isinstance(statements, list) else [statements]
    return {
        "Version": value.get("Version", "2008-10-17"),
        "Statement": [_statement(statement) for statement in listed],
    }


def _statement(statement: Any) -> Any:
    if not isinstance(statement, dict):
        return statement
    plain = {key: value for key, value in statement.items() if key != "Sid"}
    for key in _LISTS & plain.keys():
        values = _list(plain[key])
        plain[key] = [value.lower() for value in values] if key.endswith("Action") else values
    for key in ("Principal", "NotPrincipal"):
        if key in plain:
            plain[key] = _principal(plain[key])
    if isinstance(plain.get("Condition"), dict):
        plain["Condition"] = {
            operator: {name.lower(): list(map(_word, _list(values))) for name, values in tests.items()}
            if isinstance(tests, dict)
            else tests
            for operator, tests in plain["Condition"].items()
        }
    return plain


def _principal(principal: Any) -> Any:
    if principal == "*":
        return {"AWS": ["*"]}
    if not isinstance(principal, dict):
        return principal
    return {kind: [_account(value) for value in _list(values)] for kind, values in principal.items()}


def _account(value: Any) -> Any:
    """An account's id for its root: AWS answers with the ARN where the id was written.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    text = str(value)
    parts = text.split(":")
    return parts[4] if len(parts) == 6 and parts[2] == "iam" and parts[5] == "root" else text


def _word(value: Any) -> str:
    """A value of a condition: true and "true" are one."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str | dict) else [value]


def _canonical(value: Any) -> Any:
    """A value of which the order of lists and of keys, and empty ways of saying nothing, make no other one."""
    if value in ("", [], {}):
        return None
    if isinstance(value, dict):
        told = {key: _canonical(inner) for key, inner in value.items()}
        return {key: inner for key, inner in sorted(told.items()) if inner is not None} or None
    if isinstance(value, list | tuple):
        return sorted(map(_canonical, value), key=to_json)
    return _word(value) if isinstance(value, bool) else value
