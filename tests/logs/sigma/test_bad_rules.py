"""Rules that are broken or hostile: each is named with what is wrong, in bounded time, and the others go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from demarcate.base.errors import DemarcateError
from demarcate.logs.sigma.reading import load_rules
from tests.effort import effort

pytest.importorskip("sigma")

GOOD: dict[str, Any] = {
    "title": "good",
    "logsource": {"product": "aws", "service": "cloudtrail"},
    "detection": {"a": {"eventName": "CreateUser"}, "condition": "a"},
}


def good(**changes: Any) -> str:
    return yaml.safe_dump({**GOOD, "title": "bad", **changes}, sort_keys=False)


def detecting(condition: Any = "a", **selections: Any) -> str:
    return good(detection={"a": {"eventName": "CreateUser"}, **selections, "condition": condition})


def correlating(**changes: Any) -> str:
    told = {"type": "event_count", "rules": ["good"], "timespan": "5m", "condition": {"gte": 2}, **changes}
    return yaml.safe_dump({"title": "bad", "correlation": told})


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)

BROKEN: dict[str, tuple[str | bytes, str]] = {
    "a bomb of aliases": (f"title: bad\n{BOMB}", "unfolds to more than"),
    "an alias in itself": ("title: bad\na: &a [*a]\n", "contains itself"),
    "nested too deep": ("title: bad\na: " + "[" * 200 + "]" * 200, "nested deeper than"),
    "a tag that runs code": ("title: bad\na: !run ls\n", "tag that means nothing"),
    "no YAML": ("title: bad\n  a: [", "is not YAML"),
    "no UTF-8": (b"title: bad\n\xff\xfe\xfa", "UTF-8"),
    "a list": ("- a\n- b\n", "expected a mapping"),
    "a binary file": (b"\0\0\0", "binary"),
    "two keys of one name": ("title: bad\ntitle: worse\n", "twice"),
    "no detection": ("title: bad\nlogsource: {product: aws}\n", "no detection"),
    "no condition": (good(detection={"a": {"eventName": "x"}}), "condition"),
    "a condition that is a number": (detecting(5), "no text"),
    "a condition a thousand deep": (detecting("(" * 1000 + "a" + ")" * 1000), "1000 deep"),
    "a thousand nots": (detecting("not " * 1000 + "a"), "1000 deep"),
    "parentheses that do not close": (detecting("((a)"), "Unbalanced"),
    "a long condition": (detecting(" or ".join(["a"] * 3000)), "characters"),
    "a filter": ("title: bad\nfilter: {rules: [x]}\nlogsource: {product: aws}\n", "is a filter"),
    "an action of old": ("title: bad\naction: global\nlogsource: {product: aws}\n", "action"),
    "an id that is none": (good(id=5), "UUID"),
    "a level that is none": (good(level="awful"), "awful"),
    "a title too long": (good(title="bad" * 100), "title"),
    "a long value": (detecting("b", b={"userAgent": "x" * 6000}), "characters"),
    "a regular expression that backtracks, if it could": (
        detecting("b", b={"userAgent|re": r"(a+)\1+$"}),
        "Regular",
    ),
    "an expression of a megabyte": (detecting("b", b={"userAgent|re": "(" * 3000}), "Regular"),
    "fields without end": (
        detecting("b", b={f"requestParameters.a{number}": "x" for number in range(2000)}),
        "members of events",
    ),
    "a modifier that is none": (detecting("b", b={"userAgent|shout": "x"}), "shout"),
    "modifiers that do not go together": (detecting("b", b={"userAgent|cidr|re": "x"}), "CIDR"),
    "values of a kind that is none": (detecting("b", b={"userAgent": [{"x": [1]}]}), "Unsupported type"),
    "what is ours and is not known": (good(demarcate={"remedies": "x"}), "unknown field"),
    "a window that is none": (good(demarcate={"window": "soon"}), "window"),
    "a baseline of nothing": (good(demarcate={"baseline": {"of": []}}), "baseline"),
    "a correlation of nothing": (correlating(rules=["nobody"]), "nobody"),
    "a correlation of everything": (correlating(rules=["good"] * 200), "200 rules"),
    "a span that is none": (correlating(timespan="soon"), "imespan"),
    "a span without end": (correlating(timespan="50y"), "at most 31d"),
    "a type that is none": (correlating(type="event_guess"), "EVENT_GUESS".lower()),
    "a count of no field": (correlating(type="value_count"), "without field"),
    "an order with a condition": (correlating(type="temporal_ordered", condition="good and good"), "order"),
    "a percentile of none": (
        correlating(type="value_percentile", condition={"gte": 1, "field": "x"}),
        "percentile",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_is_named_and_the_rest_goes_on(name: str, tmp_path: Path) -> None:
    text, said = BROKEN[name]
    (tmp_path / "bad.yml").write_bytes(text if isinstance(text, bytes) else text.encode())
    (tmp_path / "good.yml").write_text(yaml.safe_dump(GOOD))
    rules = load_rules([tmp_path], shipped=False)
    assert [rule.title for rule in rules.rules.values()] == ["good"]
    assert len(rules.problems) == 1
    problem = rules.problems[0]
    assert said in problem.message
    assert problem.file == str(tmp_path / "bad.yml")
    assert not next(iter(rules.rules.values())).silent


def test_rules_about_other_logs_are_counted_and_named(tmp_path: Path) -> None:
    others = [
        good(logsource=source) for source in ({"product": "windows"}, {"product": "aws", "service": "guardduty"})
    ]
    ours = good(
        logsource={"service": "cloudtrail"}, title="of CloudTrail", id="2f7b7a6e-94a1-4b1e-8a06-2ab4c39a6f51"
    )
    (tmp_path / "rules.yml").write_text("---\n".join([*others, ours, yaml.safe_dump(GOOD)]))
    rules = load_rules([tmp_path], shipped=False)
    assert rules.problems == ()
    assert {rule.title for rule in rules.rules.values()} == {"of CloudTrail", "good"}
    assert [told.split(": ", 1)[1] for told in rules.elsewhere] == [
        "bad (product: windows)",
        "bad (product: aws service: guardduty)",
    ]


def test_ids_that_come_twice_are_named_and_those_of_a_folder_replace_ours(tmp_path: Path) -> None:
    ours = load_rules().named("trail-stopped")
    (tmp_path / "a.yml").write_text(good(id=ours.id, name="mine") + "---\n" + good(id=ours.id, title="again"))
    rules = load_rules([tmp_path])
    assert rules.rules[ours.id].name == "mine"
    assert [problem.message for problem in rules.problems] == [
        f"again: has the id of the one at {tmp_path / 'a.yml'}:1"
    ]


def test_a_folder_that_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DemarcateError, match="neither a folder nor a file"):
        load_rules([tmp_path / "nothing"])


def test_no_rule_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DemarcateError, match="there is no rule in it"):
        load_rules([tmp_path], shipped=False)
    with pytest.raises(DemarcateError, match="--only leaves no rule"):
        load_rules(shipped=False)


def test_hostile_rules_cost_little(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(
        "---\n".join(
            [
                detecting("(" * 39 + "a" + ")" * 39 + " or " + "not " * 39 + "a"),
                detecting(" or ".join(["a"] * 1500)),
                detecting(
                    "all of them", **{f"s{number}": {"userAgent|contains": "x*" * 100} for number in range(50)}
                ),
                detecting("b", b={"userAgent|re": "(a*)*" * 100}),
                detecting("b", b={"requestParameters" + ".a" * 90: "x"}),
                detecting("b", b={"requestParameters" + ".a" * 28: [f"{number}*" for number in range(500)]}),
                detecting("b", b={"userAgent": [f"{number}*a*b*c" for number in range(2000)]}),
            ]
        ).replace("title: bad", "title: bad\nstatus: test")
    )
    with effort(20):
        rules = load_rules([tmp_path], shipped=False)
    assert rules.problems == ()
    assert len(rules.rules) == 7
