"""An evaluator of whole requests, written apart from `access/`: plain, slow, and with no word for what is not known."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Any


def like(pattern: str, value: str) -> bool:
    text = "".join(".*" if letter == "*" else "." if letter == "?" else re.escape(letter) for letter in pattern)
    return re.fullmatch(text, value, re.DOTALL) is not None


def as_list(value: Any) -> list[str]:
    return [str(item) for item in (value if isinstance(value, list) else [value])]


def arn_like(pattern: str, value: str) -> bool:
    ours, theirs = pattern.split(":", 5), value.split(":", 5)
    return len(ours) == len(theirs) and all(like(*pair) for pair in zip(ours, theirs, strict=True))


SAME: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda text, value: text == value,
    "StringEqualsIgnoreCase": lambda text, value: text.casefold() == value.casefold(),
    "StringLike": like,
    "ArnLike": arn_like,
    "ArnEquals": arn_like,
    "Bool": lambda text, value: text.casefold() == value.casefold(),
    "IpAddress": lambda text, value: ipaddress.ip_address(value) in ipaddress.ip_network(text),
    "NumericLessThan": lambda text, value: float(value) < float(text),
}
NOT = {
    "StringNotEquals": "StringEquals",
    "StringNotLike": "StringLike",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
}


def test_holds(operator: str, key: str, texts: list[str], context: dict[str, list[str] | None]) -> bool:
    given = {name.lower(): value for name, value in context.items()}.get(key.lower())
    many, _, plain = operator.rpartition(":")
    if plain == "Null":
        return any(text.lower() == ("true" if given is None else "false") for text in texts)
    if_exists = plain.endswith("IfExists")
    plain = plain.removesuffix("IfExists")
    negated = plain in NOT
    same = SAME[NOT.get(plain, plain)]

    def holds(value: str) -> bool:
        return any(same(text, value) for text in texts) is not negated

    if given is None:
        return many == "ForAllValues" or (many == "" and (if_exists or negated))
    return all(map(holds, given)) if many == "ForAllValues" else any(map(holds, given))


def principal_meant(principal: Any, who: str) -> bool:
    if principal == "*":
        return True
    for type_, named in principal.items():
        for text in as_list(named):
            if text == "*" and type_ == "AWS":
                return True
            if type_ == "AWS" and who.startswith("arn:"):
                account = who.split(":")[4]
                if text in (who, account, f"arn:aws:iam::{account}:root"):
                    return True
            if type_ == "Service" and text == who:
                return True
    return False


def about(statement: dict[str, Any], request: dict[str, Any]) -> bool:
    if "NotPrincipal" in statement:
        if principal_meant(statement["NotPrincipal"], request["principal"]):
            return False
    elif not principal_meant(statement["Principal"], request["principal"]):
        return False
    action = request["action"].lower()
    named = any(
        like(text.lower(), action) for text in as_list(statement.get("Action", statement.get("NotAction")))
    )
    if named is ("NotAction" in statement):
        return False
    named = any(
        like(text, request["resource"])
        for text in as_list(statement.get("Resource", statement.get("NotResource")))
    )
    if named is ("NotResource" in statement):
        return False
    return all(
        test_holds(operator, key, as_list(value), request["context"])
        for operator, keys in statement.get("Condition", {}).items()
        for key, value in keys.items()
    )


def allowed(policy: dict[str, Any], request: dict[str, Any]) -> bool:
    hits = [statement["Effect"] for statement in policy["Statement"] if about(statement, request)]
    return "Allow" in hits and "Deny" not in hits
