"""What only exists once deployed decides nothing, tried on the example estate.

A literal of a template stands for one of many values. With a parameter without a value in its place, or a reference to
a resource of the template, a verdict may become unknown; it never becomes the opposite, and no finding is lost.
"""

from __future__ import annotations

import copy
import json
import random
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from demarcate.checks.catalog import load_checks
from demarcate.checks.engine import judge
from demarcate.estate.schema.standins import StandIn
from demarcate.estate.sources.cloudformation.reading import read_template
from demarcate.estate.sources.collecting import collect_snapshot
from tests.example import ESTATE

TEMPLATES = sorted(path for path in ESTATE.glob("*.yaml"))
REPLACED = 12
"""How many literals are replaced at once: enough to try many, few enough that verdicts are left."""

OTHERS: dict[str, tuple[dict[str, Any], str]] = {
    "a parameter": ({"Ref": "WithoutAValue"}, "${WithoutAValue}"),
    "a reference": ({"Ref": "Elsewhere"}, "${Elsewhere}"),
    "an attribute": ({"Fn::GetAtt": ["Elsewhere", "Data"]}, "${Elsewhere.Data}"),
    "an ARN": ({"Fn::GetAtt": ["Elsewhere", "Arn"]}, "${Elsewhere.Arn}"),
    "part of a text": ({"Fn::Sub": "${AWS::Region}${Elsewhere.Data}"}, "${AWS::Region}${Elsewhere.Data}"),
}
"""What is put in place of literals, and what a stand-in for it is made of."""

Verdicts = dict[tuple[str, str | None], str]


def verdicts(template: Any) -> Verdicts:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.json"
        path.write_text(json.dumps(template))
        with collect_snapshot([path]) as snapshot:
            findings = judge(snapshot, load_checks().values(), passes=True).findings()
            return {(finding.check, finding.resource): finding.verdict for finding in findings}


def literals(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where texts stand in the properties of a resource, outside of functions."""
    if isinstance(value, dict):
        if len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref", "Condition")):
            return
        for key, item in value.items():
            yield from literals(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from literals(item, (*place, index))
    elif isinstance(value, str):
        yield place


@cache
def written(path: Path) -> Any:
    """A template with what takes the place of its literals beside them."""
    raw = read_template(path, str(path), explicit=True)
    assert raw is not None
    template = json.loads(json.dumps({name: section for name, section in raw.sections.items() if section}))
    template.setdefault("Parameters", {})["WithoutAValue"] = {"Type": "String"}
    template["Resources"]["Elsewhere"] = {"Type": "AWS::CloudFormation::WaitCondition"}
    return template


@cache
def before(path: Path) -> Verdicts:
    return verdicts(written(path))


def put(template: Any, place: tuple[Any, ...], value: Any) -> None:
    for step in place[:-1]:
        template = template[step]
    template[place[-1]] = value


@pytest.mark.parametrize(
    ("path", "other"),
    # Two for each template, in turn: all of them are tried on several.
    [
        pytest.param(path, [*OTHERS][(number + step) % len(OTHERS)], id=f"{path.stem} {number + step}")
        for number, path in enumerate(TEMPLATES)
        for step in (0, 2)
    ],
)
def test_no_verdict_is_turned_and_no_finding_is_lost(path: Path, other: str) -> None:
    template = copy.deepcopy(written(path))
    texts = json.dumps(template)
    put_instead, made_of = OTHERS[other]
    standin = StandIn("", made_of)
    places = [
        ("Resources", name, "Properties", *place)
        for name, body in template["Resources"].items()
        if isinstance(body, dict)  # and not a loop
        for place in literals(body.get("Properties", {}))
        if standin.may_be(at(body["Properties"], place))
    ]
    # A text that stands in several places may be a name, by which one thing refers to another.
    single = [place for place in places if texts.count(json.dumps(at(template, place))) == 1]
    chance = random.Random(f"{path.stem} {other}")  # noqa: S311 - the same in each run
    chosen = chance.sample(single, min(REPLACED, len(single)))
    for place in chosen:
        put(template, place, put_instead)
    after = verdicts(template)
    wrong = [
        f"{check} of {resource}: {verdict} became {after.get((check, resource))}"
        for (check, resource), verdict in before(path).items()
        if after.get((check, resource)) not in (verdict, "unknown")
    ]
    assert not wrong, "\n".join([*wrong, *map(str, chosen)])


def at(template: Any, place: tuple[Any, ...]) -> Any:
    for step in place:
        template = template[step]
    return template
