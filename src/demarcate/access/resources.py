"""The resources of a policy's statement: whether it is about all of a kind, and about the policy's own owner."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from demarcate.access.patterns import matching
from demarcate.access.values import Values, plain
from demarcate.estate.schema.standins import StandIn
from demarcate.estate.schema.unknown import Unknown

_NAMES = ("\x01", "\x01" * 40)
"""Names that nobody gives: what matches a short and a long one of these matches every name."""

_ANYTHING = "arn:${Partition}:\x01:${Region}:${Account}:\x01/*"


def covers_kind(resources: Values, not_resources: Values, kinds: Iterable[str]) -> bool | Unknown:
    """Whether a statement is about every resource of one of those kinds, in some region and account.

    A kind is an ARN as the Service Authorization Reference writes it, with `*` for a resource's name; `*` stands for
    what knows no resource. All but a few are counted as all.
    """
    kinds = tuple(kinds)
    if not_resources.given:
        if any(_is_whole(text, kind) for text in not_resources.known for kind in kinds):
            return False
        return not_resources.unknown or True
    return any(_is_whole(text, kind) for text in resources.known for kind in kinds) or resources.unknown or False


def covers_everything(resources: Values, not_resources: Values) -> bool | Unknown:
    """Whether a statement is about every resource, of whatever service."""
    return covers_kind(resources, not_resources, (_ANYTHING,))


def _is_whole(resource: str, kind: str) -> bool:
    """Whether a resource of a statement stands for all of a kind, wherever it says that these are."""
    if "*" in kind and kind != "*" and "*" not in resource:  # as most are: one name is not all
        return False
    return _stands_for_all(resource, kind)


@lru_cache(maxsize=8192)
def _stands_for_all(resource: str, kind: str) -> bool:
    text = plain(resource)
    if kind == "*":
        return not text.strip("*")
    said = text.split(":", 5)
    parts = kind.split(":", 5)
    for place in (1, 3, 4):
        if parts[place].startswith("${"):
            known = said[place] if len(said) == 6 or place < len(said) - 1 else ""
            parts[place] = known.replace("*", "x").replace("?", "x") or "x"
    whole = matching(text)
    return all(whole(":".join(parts).replace("*", name)) for name in _NAMES)


# --- what the policy itself is attached to ----------------------------------------------------------------


def own_parts(resources: Values, not_resources: Values, own: Values, kind: str) -> Any:
    """Which parts of its owner a resource policy's statement is about as a whole: `itself`, and `contents`, which is
    all that is in it. `own` are the ARNs that the owner may be named by, `kind` is the ARN of its kind. A statement
    that names no resource is about the owner.
    """
    if not_resources.given:
        return not_resources.unknown or []
    if not resources.given:
        return ["itself"]
    named = [_written(text) for text in own.texts]
    parts = []
    for part, end in (("itself", ""), ("contents", "/*")):
        whole = any(_is_whole(text, f"{kind}{end}") for text in resources.known)
        if whole or any(_is_about(text, arn, end) for text in resources.texts for arn in named):
            parts.append(part)
    return parts if len(parts) == 2 else resources.unknown or own.unknown or parts


def _is_about(resource: str | StandIn, arn: str, end: str) -> bool:
    about = matching(_written(resource))
    return all(about(arn + end.replace("*", name)) for name in _NAMES)


_PARTITION = re.compile(r"arn:[^:]*:")


def _written(text: str | StandIn) -> str:
    """A text with what is assigned in it by its name, in no partition: what is written alike is the same."""
    whole = text.fill(lambda name: f"<{name.replace(':', '.')}>") if isinstance(text, StandIn) else text
    return _PARTITION.sub("arn:aws:", whole, count=1)
