"""What a template leaves open: no verdict becomes its opposite by it, and no finding is lost.

Whatever stands in the place of a literal, the literal is among the values that it may turn out to be: so what was found
with it is found still, or is not known.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demarcate.checks.engine import judge
from demarcate.estate.sources.cloudformation.reading import read_plain
from demarcate.estate.sources.collecting import collect_snapshot
from tests.checks.examples import shipped
from tests.example import ESTATE

TEMPLATES = sorted([*(Path(__file__).parent / "verdicts").glob("*.yaml"), *ESTATE.rglob("*.yaml")])

Place = tuple[str | int, ...]
"""The keys that lead to a literal."""

OPEN = "LeftOpen"
WAYS: Mapping[str, Callable[[Any], Any]] = {
    "a parameter": lambda _: {"Ref": OPEN},
    "a reference": lambda _: "{{resolve:ssm:/left/open}}",
    "a part": lambda value: (
        f"{value}{{{{resolve:secretsmanager:open}}}}" if isinstance(value, str) else {"Ref": OPEN}
    ),
    "a branch": lambda value: {"Fn::If": [OPEN, value, {"Ref": OPEN}]},
    "a branch or nothing": lambda value: {"Fn::If": [OPEN, {"Ref": "AWS::NoValue"}, value]},
}
"""What may stand in the place of a literal."""

TAKEN_AS_WRITTEN = {"Events", "DeadLetterQueue", "TemplateURL"}
"""Members that decide which resources there are: SAM takes two only as they are written, and a template that cannot be
told apart is not followed."""

OF_REFERENCES = {
    "lambda-function-no-plaintext-secrets",
    "rds-cluster-master-password-managed",
    "rds-instance-master-password-managed",
    "secretsmanager-secret-value-not-in-template",
}
"""Checks that look whether a value is written or referred to: it is another answer where it is a reference."""


def literals(value: Any, place: Place) -> Iterator[Place]:
    """Where the literals in a value are that no function takes as a name."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in (
                "Ref",
                "Condition",
                "Fn::GetAtt",
                "Fn::If",
                "Fn::FindInMap",
                "Fn::Transform",
                "Fn::Sub",
            ):
                yield from literals(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from literals(item, (*place, index))
    elif value is not None:
        yield place


@cache
def document(path: Path) -> dict[str, Any]:
    """A template as data."""
    whole: dict[str, Any] = read_plain(path, path.name)
    return whole


@cache
def places(path: Path) -> list[Place]:
    """Where the literals in the properties of a template's resources are."""
    resources = document(path)["Resources"].items()
    return [
        place
        for name, body in resources
        if isinstance(body, dict) and "Type" in body
        for place in literals(body.get("Properties"), ("Resources", name, "Properties"))
        if not TAKEN_AS_WRITTEN.intersection(place)
    ]


def replaced(path: Path, ways: dict[Place, str]) -> dict[str, Any]:
    """A template with something else in the place of some literals."""
    whole = copy.deepcopy(document(path))
    whole.setdefault("Parameters", {})[OPEN] = {"Type": "String"}
    whole.setdefault("Conditions", {})[OPEN] = {"Fn::Equals": [{"Ref": OPEN}, "a value"]}
    for place, way in ways.items():
        inside = whole
        for key in place[:-1]:
            inside = inside[key]  # type: ignore[index]
        inside[place[-1]] = WAYS[way](inside[place[-1]])  # type: ignore[index]
    return whole


def told(template: dict[str, Any], folder: Path) -> dict[tuple[str, str], str]:
    """The verdict of each check on each resource."""
    path = folder / "template.json"
    path.write_bytes(msgspec.json.encode(template))
    with collect_snapshot([path]) as snapshot:
        findings = judge(snapshot, shipped().values(), passes=True).findings()
        return {(f.check, f.resource): f.verdict for f in findings if f.resource is not None}


def wrong(path: Path, ways: dict[Place, str], folder: Path, before: dict[tuple[str, str], str]) -> list[str]:
    """What is found of a template with some literals replaced that cannot be."""
    after = told(replaced(path, ways), folder)
    return [
        f"{check} of {resource}: {verdict}, and then {after.get((check, resource), 'none')}"
        for (check, resource), verdict in before.items()
        if check not in OF_REFERENCES
        and after.get((check, resource), "none") not in (verdict, "unknown")
        and (verdict != "unknown" or (check, resource) not in after)
    ]


@pytest.fixture(scope="module")
def look(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What is found of a template as it is."""
    folder = tmp_path_factory.mktemp("before")
    return cache(lambda path: told(replaced(path, {}), folder))


@settings(max_examples=12)
@given(data=st.data())
def test_what_was_found_is_found_or_not_known(
    data: st.DataObject, look: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = data.draw(st.sampled_from(TEMPLATES))
    chosen = data.draw(st.lists(st.sampled_from(places(path)), min_size=1, max_size=12, unique=True))
    ways = {place: data.draw(st.sampled_from(sorted(WAYS))) for place in chosen}
    assert not wrong(path, ways, tmp_path_factory.mktemp("after"), look(path)), ways
