"""Templates with their parameters, includes and nested stacks."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

from demarcate.estate.sources.cloudformation.templates import load, read_parameters
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.estate.tables import all_tables
from fuzz import texts, trees
from fuzz.inputs import Input, put
from fuzz.outcomes import EXAMPLES, MOMENT, example, judged, report
from fuzz.trees import Language, node_of

CASES = Path(__file__).resolve().parent.parent / "tests" / "estate" / "cloudformation" / "cases"
FUNCTIONS = (
    "Ref",
    "Condition",
    "Fn::And",
    "Fn::Base64",
    "Fn::Cidr",
    "Fn::Equals",
    "Fn::FindInMap",
    "Fn::GetAZs",
    "Fn::GetAtt",
    "Fn::If",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Length",
    "Fn::Not",
    "Fn::Or",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
    "Fn::ToJsonString",
    "Fn::Transform",
    "Fn::ForEach::X",
    "Fn::ForEach",
    "Fn::GetStackOutput",
    "Fn::Nope",
)
WORDS = (
    "Resources",
    "Parameters",
    "Mappings",
    "Conditions",
    "Outputs",
    "Transform",
    "Globals",
    "Metadata",
    "Rules",
    "Type",
    "Properties",
    "Condition",
    "DependsOn",
    "Default",
    "AllowedValues",
    "NoEcho",
    "Value",
    "Export",
    "Name",
    "TemplateURL",
    "AWS::LanguageExtensions",
    "AWS::Serverless-2016-10-31",
    "AWS::Include",
    "AWS::NoValue",
    "AWS::Region",
    "AWS::StackId",
    "AWS::AccountId",
    "AWS::Partition",
    "AWS::CloudFormation::Stack",
    "AWS::S3::Bucket",
    "AWS::Serverless::Function",
    "CommaDelimitedList",
    "List<Number>",
    "Number",
    "AWS::SSM::Parameter::Value<String>",
    "more.yaml",
    "template.yaml",
    "./more.yaml",
    "../more.yaml",
    "file://more.yaml",
    ".",
    "PolicyDocument",
    "Statement",
    "Tags",
    "${A}",
    "${&X}",
    "X.Arn",
    *FUNCTIONS,
)


def prepare() -> None:
    """Read what inputs are made from, and have judged and reported once."""
    report(*example())
    _documents()


def make(random: Random) -> Input:
    """A template, of four one with another that it may lead to, and maybe values for its parameters."""
    files: dict[str, bytes] = {}
    text = random.choice(_documents())
    root = _smaller(random, trees.parse(text)) if random.random() < 0.8 else trees.parse(text)
    if random.random() < 0.05:
        root = node_of(random.choice(_GROWING)(random))
    others = [trees.parse(random.choice(_documents()))]
    if random.random() < 0.25:
        _lead_to_more(random, root)
        files["more.yaml"] = _written(random, trees.damaged(random, others[0], [root], _LANGUAGE), text.encode())
    parameters = _parameters(random, root)
    if random.random() < 0.97:
        root = trees.damaged(random, root, others, _LANGUAGE)
    files[random.choice(("template.yaml", "template.yaml", "template.json"))] = _written(
        random, root, text.encode()
    )
    if parameters is not None:
        files["parameters.json"] = parameters
    if random.random() < 1 / 100:
        files["whole"] = b""
    return files


def run(given: Input, folder: Path) -> None:
    """Read them; of a hundred, one is judged and reported as well."""
    put({name: content for name, content in given.items() if name != "whole"}, folder)
    parameters = read_parameters(folder / "parameters.json") if "parameters.json" in given else None
    paths = [folder / name for name in given if name.startswith("template.")]
    if "whole" in given:
        snapshot = collect_snapshot(paths, Options(parameters=parameters, moment=MOMENT))
        report(snapshot, judged(snapshot))
    else:
        names, same = _references()
        load(paths, parameters=parameters, names=names, same_as_ref=same)


@cache
def _references() -> tuple[dict[str, Any], dict[str, Any]]:
    tables = all_tables().values()
    names = {kind: table.ref_property for table in tables if table.ref_property for kind in table.types}
    return names, {kind: table.ref_attributes for table in tables if table.ref_attributes for kind in table.types}


@cache
def _documents() -> list[str]:
    """Templates of the examples, and many small ones of the tests: those that are documents."""
    written = [path.read_text() for path in sorted((EXAMPLES / "estate").rglob("*.yaml"))]
    written.append((EXAMPLES / "estate" / "access.json").read_text())
    for path in sorted(CASES.glob("*.yaml")):
        for case in yaml.load(path.read_text(), Loader=yaml.CSafeLoader):
            written += case.get("templates", {}).values() or [case["template"]]
    return [text for text in written if _is_document(text)]


def _is_document(text: str) -> bool:
    try:
        return isinstance(trees.parse(text), yaml.MappingNode)
    except (yaml.YAMLError, ValueError):
        return False


def _entry(root: yaml.Node, name: str) -> yaml.MappingNode | None:
    for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
        if key.value == name and isinstance(value, yaml.MappingNode):
            return value
    return None


def _smaller(random: Random, root: yaml.Node) -> yaml.Node:
    """With a few of its resources, so that there is not much to do."""
    resources = _entry(root, "Resources")
    if resources is not None and len(resources.value) > 4:
        resources.value = random.sample(resources.value, random.choice((1, 2, 4)))
    return root


def _lead_to_more(random: Random, root: yaml.Node) -> None:
    include = {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "more.yaml"}}}
    stack: Any = {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {"TemplateURL": "more.yaml", "Parameters": {"A": "b"}},
    }
    resources = _entry(root, "Resources")
    if resources is not None:
        name, value = random.choice(
            (("Nested", stack), ("Fn::Transform", include["Fn::Transform"]), ("X", include))
        )
        resources.value.append((node_of(name), node_of(value)))


def _parameters(random: Random, root: yaml.Node) -> bytes | None:
    declared = _entry(root, "Parameters")
    if random.random() < 0.5:
        return None
    names = (
        [key.value for key, _ in declared.value if isinstance(key.value, str)] if declared is not None else ["A"]
    )
    values = {name[:200]: trees.scalar(random, _LANGUAGE) for name in names[:10]}
    forms: tuple[Any, ...] = (
        values,
        {"Parameters": values},
        [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()],
        [{"ParameterKey": name, "UsePreviousValue": True} for name in values],
        {name: [value, value] for name, value in values.items()},
    )
    tree = node_of(random.choice(forms))
    return _written(
        random, trees.damaged(random, tree, [root], _LANGUAGE) if random.random() < 0.4 else tree, b"A=b"
    )


def _written(random: Random, root: yaml.Node, instead: bytes) -> bytes:
    lot = random.random()
    try:
        raw = trees.json_of(root) if lot < 0.3 else trees.yaml_of(root, flow=lot < 0.5)
    except ValueError:
        raw = instead
    return texts.damaged(random, raw, [instead]) if random.random() < 0.15 else raw


# --- parts of the language ---------------------------------------------------------------------------------


def _call(random: Random, around: yaml.Node) -> yaml.Node:
    """An intrinsic function around something."""
    name = random.choice(FUNCTIONS)
    arguments: Any = random.choice(
        (
            around,
            [around, around],
            ["", around],
            [",", around],
            [0, around],
            ["X", ["a", around], {"X${X}": around}],
            [around, {"A": around}],
            ["A", around, around],
            "A.Arn",
            {"Name": "AWS::Include", "Parameters": {"Location": around}},
        )
    )
    if random.random() < 0.3:
        node = trees.copied(node_of(arguments))
        node.tag = "!" + name.removeprefix("Fn::").partition("::")[0]
        return node
    return node_of({name: arguments} | ({"More": 1} if random.random() < 0.05 else {}))


def _loop(random: Random, around: yaml.Node) -> yaml.Node:
    items = random.choice((["a", "b"], {"Ref": "A"}, around, "a,b", [], ["a"] * 50))
    return node_of({"Fn::ForEach::L": ["I", items, {"N${I}": around, "M&{I}": "${I}"}]})


def _resource(random: Random, around: yaml.Node) -> yaml.Node:
    kinds = sorted({kind for table in all_tables().values() for kind in table.types})
    kind = random.choice(
        (*kinds, "AWS::Serverless::Function", "AWS::Serverless::Api", "AWS::CloudFormation::Stack")
    )
    name = random.choice(
        ("PolicyDocument", "Tags", "Policies", "AssumeRolePolicyDocument", "Events", "BucketName")
    )
    return node_of({"Type": kind, "Properties": {name: around}, "Condition": random.choice(("A", "IsProd", "X"))})


def _policy(random: Random, around: yaml.Node) -> yaml.Node:
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": around,
        "Resource": "*",
        "Condition": {"Bool": around},
    }
    return node_of({"Version": "2012-10-17", "Statement": random.choice(([statement], statement, [around]))})


_LANGUAGE = Language(WORDS, (_call, _call, _call, _loop, _resource, _policy))


# --- templates that grow -----------------------------------------------------------------------------------


def _template(properties: Any, **more: Any) -> Any:
    return {**more, "Resources": {"B": {"Type": "AWS::S3::Bucket", "Properties": properties}}}


def _loops(random: Random) -> Any:
    """Loops inside of each other."""
    key, times, deep = "N", random.choice((2, 3, 8, 20)), random.choice((2, 4, 7, 12))
    key += "".join(f"${{I{number}}}" for number in range(deep))
    body: Any = {
        key: {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "x" * int(2 ** random.uniform(0, 14))}}
    }
    for number in range(deep):
        body = {f"Fn::ForEach::L{number}": [f"I{number}", [chr(97 + item) for item in range(times)], body]}
    return {"Transform": "AWS::LanguageExtensions", "Resources": body}


def _maps(random: Random) -> Any:
    """Look-ups that each need the one before it twice."""
    value: Any = "a"
    for _ in range(random.choice((3, 10, 30, 60))):
        value = {"Fn::FindInMap": ["M", value, value]}
    return _template({"BucketName": value}, Mappings={"M": {"a": {"a": "a"}}}, Transform="AWS::LanguageExtensions")


def _conditions(random: Random) -> Any:
    """Conditions that each ask the next one twice."""
    many = random.choice((3, 20, 60))
    conditions: Any = {
        f"C{n}": {"Fn::And": [{"Condition": f"C{n + 1}"}, {"Condition": f"C{n + 1}"}]} for n in range(many)
    }
    return _template({}, Conditions={**conditions, f"C{many}": {"Fn::Equals": [{"Ref": "AWS::Region"}, "x"]}})


def _joins(random: Random) -> Any:
    """Texts that double."""
    value: Any = "x" * int(2 ** random.uniform(0, 14))
    function = random.choice(("Join", "Sub", "Json", "Base64"))
    for _ in range(random.choice((3, 8, 16, 25))):
        if function == "Sub":
            value = {"Fn::Sub": ["${A}${A}", {"A": value}]}
        elif function == "Json":
            value = {"Fn::ToJsonString": [value, value]}
        else:
            value = {"Fn::Join": [value if function == "Base64" else "", [value, value]]}
    return _template({"BucketName": value}, Transform="AWS::LanguageExtensions")


def _many(random: Random) -> Any:
    """One long text, used many times."""
    long = node_of("x" * int(2 ** random.uniform(8, 16)))
    uses: tuple[Any, ...] = (
        {"Fn::Select": [long, [long]]},
        {"Fn::ToJsonString": {"A": long}},
        {"Fn::Split": ["x", long]},
        {"Fn::Sub": long},
        {"Ref": long},
        {"Fn::GetAtt": [long, long]},
        {"Fn::If": [long, long, long]},
        {"PolicyDocument": {"Statement": [long] * 20}},
    )
    use = random.choice(uses)
    return _template({f"P{number}": use for number in range(int(2 ** random.uniform(1, 11)))})


_GROWING: tuple[Callable[[Random], Any], ...] = (_loops, _maps, _conditions, _joins, _many)
