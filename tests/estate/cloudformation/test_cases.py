"""Templates in, resources out: each case is data in cases/*.yaml.

A case has `template` (text) or `templates` (text by path), and may have `parameters`, `names`, `load` (the paths
to give; else the folder). It expects `resources` by logical id, each with any of `type`, `properties` (all of
them), `some` (some of them), `ref`, `line`, `file`, `lines`, `conditional`, `deletion_policy`; no others may
be there. And `problems`, each a line and a piece of the message. Unknown is {unknown: a piece of the reason};
of a stand-in its text is told, or what it is made of: {assigned: "${Key.Arn}"}.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from demarcate.base.documents import compose, plain
from demarcate.estate.schema.standins import StandIn
from demarcate.estate.schema.unknown import Unknown
from demarcate.estate.sources.cloudformation.templates import Resource, load

CASES = [
    pytest.param(case, id=f"{path.stem}: {case['name']}")
    for path in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    for case in plain(compose(path.read_text(), path.name), path.name)
]


def agrees(got: Any, expected: Any) -> bool:
    if isinstance(expected, dict) and set(expected) == {"assigned"}:
        return type(got) is StandIn and bool(got.written == expected["assigned"])
    if type(got) is StandIn:
        got = got.text
    if isinstance(expected, dict) and set(expected) == {"unknown"}:
        return isinstance(got, Unknown) and expected["unknown"] in got.reason
    if isinstance(expected, dict) and isinstance(got, dict):
        return got.keys() == expected.keys() and all(agrees(got[key], expected[key]) for key in got)
    if isinstance(expected, list) and isinstance(got, list):
        return len(got) == len(expected) and all(map(agrees, got, expected))
    return bool(got == expected) and isinstance(got, bool) == isinstance(expected, bool)


def check(resource: Resource, expected: dict[str, Any]) -> None:
    for key, value in expected.items():
        if key == "some":
            assert isinstance(resource.properties, dict)
            got: Any = {name: resource.properties.get(name) for name in value}
        else:
            got = getattr(resource, key)
        assert agrees(got, value), f"{resource.logical_id}.{key}: {got!r} is not {value!r}"


@pytest.mark.parametrize("case", CASES)
def test_case(case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = case.get("templates") or {"template.yaml": case["template"]}
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    paths = [Path(path) for path in case.get("load", ["."])]
    result = load(paths, parameters=case.get("parameters"), names=case.get("names", {}))

    problems = case.get("problems", [])
    shown = "\n".join(map(str, result.problems))
    assert len(result.problems) == len(problems), shown
    for problem in problems:
        assert any(
            problem["line"] == got.line
            and problem["says"] in got.message
            and problem.get("file", got.file) == got.file
            for got in result.problems
        ), f"{problem} is not among\n{shown}"

    expected = case.get("resources", {})
    resources = {resource.logical_id: resource for resource in result.resources}
    several = [resource.logical_id for resource in result.resources]
    if case.get("only_some"):
        resources = {name: resource for name, resource in resources.items() if name in expected}
    elif not case.get("by_file"):
        assert sorted(several) == sorted(expected), several
    if case.get("by_file"):
        resources = {f"{r.file}:{r.logical_id}": r for r in result.resources}
        assert sorted(resources) == sorted(expected), sorted(resources)
    for name, wanted in expected.items():
        check(resources[name], wanted or {})
