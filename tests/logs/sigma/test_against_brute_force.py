"""Rules and events by lot: our SQL says what brute force says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from demarcate.base.connection import connect
from demarcate.logs.detecting.rows import make_table
from tests.logs.sigma import oracle

pytest.importorskip("sigma")

FIELDS = ["eventName", "userAgent", "readOnly", "requestParameters.a", "requestParameters.a.b", "requestParameters",
          "userIdentity.type", "userIdentity.x.y", "resources.a", "Image"]  # fmt: skip
TEXTS = [
    "a",
    "A",
    "ab",
    "bab",
    "",
    "é",
    "É",
    "a*b",
    "*",
    "?b",
    "a\\*",
    "\\",
    "%",
    "_",
    "1",
    "true",
    "10.0.0.1",
    '"a":',
]
plain = st.sampled_from([*TEXTS, True, False, 1, 10, 2.5, None])
leaf = st.one_of(plain, st.sampled_from(['{"b":"a"}', '[{"b":["ab",1]}]', "{", '"a"']))
value = st.recursive(
    leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abxy"), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
events = st.fixed_dictionaries(
    {},
    optional={
        "eventName": st.sampled_from(TEXTS),
        "userAgent": st.sampled_from(TEXTS) | st.none(),
        "readOnly": st.booleans(),
        "requestParameters": st.none()
        | st.dictionaries(st.sampled_from("abxy"), value, max_size=3)
        | st.just({"omitted": True}),
        "userIdentity": st.fixed_dictionaries(
            {}, optional={"type": st.sampled_from(TEXTS), "x": st.dictionaries(st.just("y"), value, max_size=1)}
        ),
        "resources": st.lists(st.dictionaries(st.just("a"), value, max_size=1), max_size=2),
    },
)
NO_WILD = [text for text in TEXTS if not {"*", "?", "\\"} & set(text)]


@st.composite
def items(draw: st.DrawFn) -> tuple[str, Any]:
    field = draw(st.sampled_from(FIELDS))
    kind = draw(st.sampled_from(["", "contains", "startswith", "endswith", "cased", "neq", "exists", "fieldref", "re",
                                 "cidr", "gte", "lt", "contains|cased", "fieldref|endswith"]))  # fmt: skip
    if kind == "exists":
        return f"{field}|exists", draw(st.booleans())
    if kind in ("gte", "lt"):
        return f"{field}|{kind}", draw(st.sampled_from([0, 1, 2.5, 10]))
    wanted: st.SearchStrategy[Any] = st.sampled_from(TEXTS)
    if kind.startswith("fieldref"):
        return f"{field}|{kind}", draw(st.sampled_from(FIELDS))
    if kind == "re":
        wanted = st.sampled_from(["a", "^a", "b$", "a.b", "[ab]+", "é|1"])
    elif kind == "cidr":
        wanted = st.sampled_from(["10.0.0.0/8", "10.0.0.1/32", "::/0"])
    elif kind in ("", "neq"):
        wanted = plain
    every = draw(st.sampled_from(["", "|all"])) if kind != "neq" else ""
    name = f"{field}|{kind}{every}" if kind else f"{field}{every}"
    return name, draw(wanted | st.lists(wanted, min_size=1, max_size=3))


CONNECTION = connect()

selections = st.one_of(
    st.lists(items(), min_size=1, max_size=3).map(dict),
    st.lists(items().map(lambda pair: dict([pair])), min_size=1, max_size=2),
    st.lists(st.sampled_from([text for text in NO_WILD if text]), min_size=1, max_size=2),
)
conditions = st.recursive(
    st.sampled_from(["s1", "s2", "f1", "1 of s*", "all of them", "any of f*"]),
    lambda inner: (
        st.builds("({} and {})".format, inner, inner)
        | st.builds("({} or {})".format, inner, inner)
        | inner.map("not {}".format)
    ),
    max_leaves=5,
)
detections = st.fixed_dictionaries({"s1": selections, "s2": selections, "f1": selections, "condition": conditions})


@settings(max_examples=30, deadline=None, phases=[Phase.generate])
@given(detections, st.lists(events, min_size=6, max_size=12))
def test_sql_says_what_brute_force_says(detection: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    from sigma.rule import SigmaRule

    from demarcate.logs.sigma import printing
    from demarcate.logs.sigma.conditions import tree_of

    source = {"product": "aws", "service": "cloudtrail"}
    tree = tree_of(SigmaRule.from_dict({"title": "t", "logsource": source, "detection": detection}), {})
    make_table(CONNECTION, "events", rows)
    told = [
        answer for (answer,) in CONNECTION.execute(f"SELECT {printing.predicate(tree)[0]} FROM events").fetchall()
    ]
    assert told == [oracle.holds(detection, event) for event in rows]
