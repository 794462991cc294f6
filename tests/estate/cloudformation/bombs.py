"""Small templates that ask for very much, each by what is hostile about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

GOOD = "Resources:\n  Good: {Type: AWS::S3::Bucket}\n"
LOOPS = "AWS::LanguageExtensions"
SAM = "AWS::Serverless-2016-10-31"

Make = Callable[[Path], None]
KINDS: dict[str, Make] = {}
"""What writes a hostile estate into a folder, by what is hostile about it. The file at its root is `t.json`."""


def kind(make: Make) -> Make:
    KINDS[make.__name__] = make
    return make


def bucket(name: Any) -> dict[str, Any]:
    return {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}}


def policy(statement: Any) -> dict[str, Any]:
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": statement}}}


def stack(file: str, **parameters: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {"TemplateURL": file, "Parameters": parameters},
    }


def include(file: str) -> dict[str, Any]:
    return {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": file}}}


def write(folder: Path, document: Any, name: str = "t.json") -> None:
    (folder / name).write_text(json.dumps(document))


def yaml(folder: Path, text: str) -> None:
    (folder / "t.json").write_text('AWSTemplateFormatVersion: "2010-09-09"\n' + text)


DOUBLING: dict[str, Callable[[Any], Any]] = {
    "a list": lambda value: [value, value],
    "a mapping": lambda value: {"a": value, "b": value},
    "Base64": lambda value: {"Fn::Base64": {"Fn::Join": ["", [value, value]]}},
    "Cidr": lambda value: {"Fn::Cidr": [value, value]},
    "DefaultValue": lambda value: {"Fn::FindInMap": ["M", "A", value, {"DefaultValue": value}]},
    "Equals": lambda value: {"Fn::Equals": [value, value]},
    "If": lambda value: {"Fn::If": ["Unknown", value, value]},
    "Join": lambda value: {"Fn::Join": ["", [value, value]]},
    "Length": lambda value: {"Fn::Length": [value, value]},
    "Not": lambda value: {"Fn::Not": [{"Fn::And": [value, value]}]},
    "Or": lambda value: {"Fn::Or": [value, value]},
    "Select": lambda value: {"Fn::Select": [1, [value, value]]},
    "Split": lambda value: {"Fn::Split": [",", {"Fn::Join": [",", [value, value]]}]},
    "Sub": lambda value: {"Fn::Sub": ["${a}${b}", {"a": value, "b": value}]},
    "ToJsonString": lambda value: {"Fn::ToJsonString": [value, value]},
}
"""What resolves its value twice."""


def doubled(makes: list[str], leaf: Any = "x") -> dict[str, Any]:
    """A template of a few hundred bytes that resolves its leaf twice for each of the makes, each time twice."""
    values: dict[str, Any] = {"k0": leaf}
    for number, make in enumerate(makes):
        values[f"k{number + 1}"] = DOUBLING[make]({"Fn::FindInMap": ["M", "A", f"k{number}"]})
    last = {"Fn::FindInMap": ["M", "A", f"k{len(makes)}"]}
    return {
        "Parameters": {"P": {"Type": "String"}},
        "Conditions": {"Unknown": {"Fn::Equals": [{"Ref": "P"}, "x"]}},
        "Mappings": {"M": {"A": values}},
        "Resources": {"A": bucket(last), "B": bucket("plain")},
    }


@kind
def loops_in_loops(folder: Path) -> None:
    body: dict[str, Any] = {"B": bucket("${X0}" * 10)}
    for level in range(9):
        items = [f"${{X{level + 1}}}" * 10 if level < 8 else "y" * 10]
        body = {f"Fn::ForEach::L{8 - level}": [f"X{level}", items, body]}
    nested: dict[str, Any] = {"B": bucket("${X0}" * 10)}
    for level in range(8, -1, -1):
        nested = {f"Fn::ForEach::L{level}": [f"X{level}", [f"${{X{level + 1}}}" * 10], nested]}
    write(folder, {"Transform": LOOPS, "Resources": {**nested, **{f"{key}x": body[key] for key in body}}})


@kind
def a_loop_of_one_long_item(folder: Path) -> None:
    body = {"B": bucket(["${X}"] * 20_000)}
    names = {"Type": "CommaDelimitedList", "Default": "x" * 1_000_000}
    write(
        folder,
        {
            "Transform": LOOPS,
            "Parameters": {"P": names},
            "Resources": {"Fn::ForEach::L": ["X", {"Ref": "P"}, body]},
        },
    )


@kind
def loops_of_nothing(folder: Path) -> None:
    body: dict[str, Any] = {}
    for name in "ABC":
        body = {f"Fn::ForEach::{name}": [name, {"Ref": "P"}, body]}
    names = {"Type": "CommaDelimitedList", "Default": "x," * 400_000}
    write(folder, {"Transform": LOOPS, "Parameters": {"P": names}, "Resources": body})


@kind
def includes(folder: Path) -> None:
    for number in range(40):
        write(
            folder,
            {"a": include(f"{number + 1}.include"), "b": include(f"{number + 1}.include")},
            f"{number}.include",
        )
    write(folder, {"x": 1}, "40.include")
    write(folder, {"Resources": {"A": bucket(include("0.include"))}})


@kind
def aliases_in_a_policy(folder: Path) -> None:
    yaml(
        folder,
        f"Metadata: {{A: &a {'x' * 1_000_000}}}\nResources:\n  A: {{Type: AWS::IAM::Role, Properties: "
        f"{{AssumeRolePolicyDocument: {{Statement: {{Resource: [{','.join(['*a'] * 50_000)}]}}}}}}}}\n",
    )


@kind
def aliases_as_text(folder: Path) -> None:
    yaml(
        folder,
        f"Metadata: {{A: &a {'x' * 1_000_000}}}\nResources:\n  A: {{Type: AWS::S3::Bucket, Properties: "
        f"{{BucketName: !ToJsonString [{','.join(['*a'] * 50_000)}]}}}}\n",
    )


@kind
def references_in_a_policy(folder: Path) -> None:
    long = {"Type": "String", "Default": "x" * 700_000}
    write(folder, {"Parameters": {"P": long}, "Resources": {"A": policy({"Resource": [{"Ref": "P"}] * 50_000})}})


@kind
def assigned_texts_in_a_policy(folder: Path) -> None:
    reference = {"Fn::FindInMap": ["M", "A", "k"]}
    write(
        folder,
        {
            "Mappings": {"M": {"A": {"k": {"Fn::Sub": "${AWS::Region}" + "x" * 700_000}}}},
            "Resources": {"A": policy({"Resource": [reference] * 30_000})},
        },
    )


@kind
def a_long_text_as_a_key(folder: Path) -> None:
    reference = {"Fn::FindInMap": [{"Ref": "P"}, "a", "b"]}
    write(
        folder,
        {
            "Parameters": {"P": {"Type": "String", "Default": "x" * 900_000}},
            "Resources": {"A": bucket([reference] * 10_000)},
        },
    )


@kind
def a_long_text_in_reasons(folder: Path) -> None:
    condition = {"Fn::Equals": [{"Ref": "z" * 900_000}, "x"]}
    chosen = {**bucket({"Fn::If": ["C", "a", "b"]}), "Condition": "C"}
    write(folder, {"Conditions": {"C": condition}, "Resources": {f"R{n}": chosen for n in range(6_000)}})


@kind
def lists_compared(folder: Path) -> None:
    listed = {"Ref": "P"}
    tested = {"Fn::If": [{"Fn::Equals": [listed, listed]}, {"Fn::Length": listed}, {"Fn::Select": [9, listed]}]}
    write(
        folder,
        {
            "Parameters": {"P": {"Type": "CommaDelimitedList", "Default": "x," * 300_000}},
            "Resources": {"A": bucket([tested] * 8_000)},
        },
    )


@kind
def lists_split(folder: Path) -> None:
    split = bucket({"Fn::Split": [",", {"Ref": "P"}]})
    write(
        folder,
        {
            "Parameters": {"P": {"Type": "String", "Default": "xy," * 300_000}},
            "Resources": {f"A{n}": split for n in range(500)},
        },
    )


@kind
def a_text_that_looks_like_tokens(folder: Path) -> None:
    split = {"Fn::Split": ["/", {"Fn::Sub": "${AWS::Region}${" + "AWS::" * 200_000}]}
    write(folder, {"Resources": {"A": bucket(split)}})


@kind
def outputs_and_parameters(folder: Path) -> None:
    passed, answered = {"Ref": "P"}, {"Fn::GetAtt": ["S", "Outputs.O"]}
    for number in range(40):
        nested = stack(f"{number + 1}.json", P={"Fn::Join": ["", [passed, passed]]})
        document = {
            "Parameters": {"P": {"Type": "String", "Default": "xx"}},
            "Resources": {"S": nested, "A": bucket(passed), "B": bucket(answered)},
            "Outputs": {"O": {"Value": {"Fn::Join": ["", [answered, answered]]}}},
        }
        write(folder, document, f"{number}.json" if number else "t.json")
    end = {"Parameters": {"P": {"Type": "String"}}, "Resources": {"A": bucket(passed)}}
    write(folder, {**end, "Outputs": {"O": {"Value": "xx"}}}, "40.json")


@kind
def stacks_that_nest_twice(folder: Path) -> None:
    for number in range(40):
        nested = stack(f"{number + 1}.json")
        write(folder, {"Resources": {"S": nested, "T": nested}}, f"{number}.json" if number else "t.json")
    write(folder, {"Resources": {"A": bucket("x")}}, "40.json")


@kind
def stacks_very_deep(folder: Path) -> None:
    for number in range(600):
        document = {"Resources": {"S": stack(f"{number + 1}.json")}}
        write(folder, document, f"{number}.json" if number else "t.json")
    write(folder, {"Resources": {"A": bucket("x")}}, "600.json")


@kind
def a_large_template_nested_often(folder: Path) -> None:
    write(folder, {"Resources": {f"S{n}": stack("child.template") for n in range(1_900)}})
    write(folder, {"Resources": {f"B{n}": bucket("x" * 100) for n in range(5_000)}}, "child.template")


@kind
def one_name_exported_by_all(folder: Path) -> None:
    imported = bucket([{"Fn::ImportValue": "e"}] * 40)
    export = {"O": {"Value": "x", "Export": {"Name": "e"}}}
    for number in range(700):
        write(folder, {"Resources": {"A": imported}, "Outputs": export}, f"{number}.json" if number else "t.json")


@kind
def globals_of_many_functions(folder: Path) -> None:
    variables = {f"V{n}": "x" * 20 for n in range(15_000)}
    shared = {"CodeUri": ".", "Runtime": "python3.12", "Handler": "a.b", "Environment": {"Variables": variables}}
    functions = {f"F{n}": {"Type": "AWS::Serverless::Function"} for n in range(4_000)}
    write(folder, {"Transform": SAM, "Globals": {"Function": shared}, "Resources": functions})


@kind
def an_api_of_many_events(folder: Path) -> None:
    events = {f"E{n}": {"Type": "Api", "Properties": {"Path": f"/{n}", "Method": "get"}} for n in range(8_000)}
    properties = {"CodeUri": ".", "Runtime": "python3.12", "Handler": "a.b", "Events": events}
    function = {"Type": "AWS::Serverless::Function", "Properties": properties}
    write(folder, {"Transform": SAM, "Resources": {"F": function}})


@kind
def a_broken_line_before_many_keys(folder: Path) -> None:
    (folder / "t.json").write_text("[\n" + "Resources:\n" * 80_000 + "# AWS::\n")


@kind
def a_hundred_small_ones(folder: Path) -> None:
    text = json.dumps(doubled(["Sub"] * 60))
    for number in range(100):
        (folder / (f"{number}.json" if number else "t.json")).write_text(text)


@kind
def resources_without_any_content(folder: Path) -> None:
    bare = {"Type": "AWS::S3::Bucket"}
    for number in range(10):
        document = {"Resources": {f"R{n}": bare for n in range(4_900)}}
        write(folder, document, f"{number}.json" if number else "t.json")


@kind
def statements_of_policies(folder: Path) -> None:
    statement = {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}
    body = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": {"Statement": [statement] * 100}}}
    for number in range(5):
        write(folder, {"Resources": {f"R{n}": body for n in range(300)}}, f"{number}.json" if number else "t.json")


@kind
def many_files_that_are_no_templates(folder: Path) -> None:
    text = "x" * 900_000
    for number in range(40):
        (folder / (f"{number}.json" if number else "t.json")).write_text(f'{{"a": "Resources", "b": "{text}"}}')
