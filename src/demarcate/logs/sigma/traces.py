r"""What must stand in a column of JSON for a tree to hold, as SQL that is cheap to ask before the tree itself is.

To open arrays, and documents within documents, takes some microseconds for each leaf. A text that is matched there
stands in the column as it is, but for what JSON escapes: so a run of characters that JSON has no reason to escape must
stand there as well, or else some `\u`, which may stand for any character.
"""

from __future__ import annotations

import re
from typing import Final

from sqlglot import exp

from demarcate.logs.events import Kind
from demarcate.logs.sigma import matching
from demarcate.logs.sigma.fields import place_of
from demarcate.logs.sigma.trees import All, Either, Matcher, Matches, Text, Tree

FAR: Final = 2
"""Members on the way to a value from which on it is seldom told by one look (`paths.direct`)."""

_RUN: Final = re.compile(r"[a-zA-Z0-9*._-]+(?::+[a-zA-Z0-9*._-]+)*:*")
"""What is written in JSON as it is, and lies within one text. A colon between texts has a quote before it."""

_NUMBER: Final = re.compile(r"[-0-9.eE]*")
"""A number may be told otherwise than it was written."""


def needed(tree: Tree) -> exp.Expr | None:
    """What holds wherever a tree holds, or cannot be told to hold; None where nothing is known that is cheap."""
    if isinstance(tree, Matches):
        return _of_leaf(tree)
    if isinstance(tree, All):
        known = [told for part in tree.parts if (told := needed(part)) is not None]
        return matching.joined(exp.And, known) if known else None
    if isinstance(tree, Either):
        each = [needed(part) for part in tree.parts]
        sure = [told for told in each if told is not None]
        return matching.joined(exp.Or, sure) if sure and len(sure) == len(each) else None
    return None


def _of_leaf(leaf: Matches) -> exp.Expr | None:
    place = place_of(leaf.field)
    if place is None or place.column.kind is not Kind.JSON or len(place.path) < FAR:
        return None
    runs = [run_of(matcher) for matcher in leaf.matchers]
    sure = dict.fromkeys(run for run in runs if run is not None)
    if not sure or None in runs:
        return None
    column = exp.column(place.column.name, quoted=True)
    small = exp.Lower(this=column)
    told = [_contains(small.copy(), run) for run in sure]
    # What is NULL may have been left out for its size: then nothing is known of it.
    return exp.Coalesce(
        this=matching.joined(exp.Or, [*told, _contains(column.copy(), "\\u")]), expressions=[exp.true()]
    )


def run_of(matcher: Matcher) -> str | None:
    r"""The longest run of characters, in small letters, that stands in a column which has a text that is matched.

    >>> run_of(Text(("*:*",))), run_of(Text(('{"arn:aws', ))), run_of(Text(("1.5",)))
    ('*:*', 'arn:aws', None)
    """
    if not isinstance(matcher, Text):
        return None
    runs = [run for part in matcher.parts if isinstance(part, str) for run in _RUN.findall(part)]
    longest = max((run for run in runs if not _NUMBER.fullmatch(run)), key=len, default=None)
    return longest.lower() if longest is not None else None


def _contains(text: exp.Expr, part: str) -> exp.Expr:
    return exp.Anonymous(this="contains", expressions=[text, exp.Literal.string(part)])
