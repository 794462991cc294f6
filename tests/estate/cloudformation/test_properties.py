"""What holds for every template, tried on random ones."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from demarcate.estate.schema.standins import StandIn
from demarcate.estate.sources.cloudformation.templates import Resource, Templates, load
from fuzz import templates

NAMES = st.sampled_from(
    ["template.json", "A", "B", "C", "Vpc", "Key", "AWS::Region", "AWS::NoValue", "AWS::StackId", "", "A.Arn"]
)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=12)
SCALARS = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | TEXTS | NAMES
FUNCTIONS = st.sampled_from(templates.FUNCTIONS)


def plain(leaves: st.SearchStrategy[Any], keys: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=3), max_leaves=12
    )


PLAIN = plain(SCALARS, TEXTS.filter(lambda key: not key.startswith("Fn::") and key not in ("Ref", "<<")))
SUBS = st.lists(NAMES, max_size=3).map(lambda names: "-".join("${" + name + "}" for name in names))
CALLS = st.recursive(
    SCALARS | SUBS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(FUNCTIONS | NAMES, inner, min_size=1, max_size=1)
        | st.dictionaries(FUNCTIONS | NAMES, inner, max_size=3)
    ),
    max_leaves=15,
)
RESOURCES = st.fixed_dictionaries(
    {"Type": st.sampled_from(["AWS::S3::Bucket", "AWS::CloudFormation::Stack", "Custom::X"])},
    optional={
        "Properties": st.dictionaries(st.sampled_from(["BucketName", "X", "TemplateURL", "Parameters"]), CALLS),
        "Condition": NAMES,
        "DeletionPolicy": CALLS,
        "Metadata": CALLS,
    },
)
TEMPLATES = st.fixed_dictionaries(
    {"Resources": st.dictionaries(NAMES | FUNCTIONS, RESOURCES | CALLS, max_size=4)},
    optional={
        "Parameters": st.dictionaries(
            NAMES,
            st.fixed_dictionaries(
                {"Type": st.sampled_from(["String", "Number", "List<Number>", "CommaDelimitedList", "X"])},
                optional={"Default": SCALARS, "NoEcho": st.booleans()},
            )
            | CALLS,
            max_size=3,
        ),
        "Mappings": st.dictionaries(NAMES, CALLS, max_size=3) | CALLS,
        "Conditions": st.dictionaries(NAMES, CALLS, max_size=3),
        "Outputs": st.dictionaries(NAMES, CALLS | st.fixed_dictionaries({"Value": CALLS, "Export": CALLS})),
        "Transform": st.sampled_from(["AWS::LanguageExtensions", ["X"]]) | CALLS,
        "AWSTemplateFormatVersion": st.just("2010-09-09"),
    },
)


def loaded(text: str, suffix: str = ".json", parameters: Any = None) -> Templates:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"template{suffix}"
        path.write_text(text)
        names = {"AWS::S3::Bucket": "BucketName"}
        return load([path], parameters=parameters, names=names)


def meaning(resources: list[Resource]) -> list[Any]:
    return [
        (r.logical_id, r.type, r.properties, r.ref, r.conditional, r.deletion_policy, r.metadata)
        for r in resources
    ]


def messages(templates: Templates) -> set[str]:
    return {problem.message for problem in templates.problems}


@given(TEMPLATES, st.dictionaries(NAMES, SCALARS | st.lists(SCALARS), max_size=3))
def test_any_template_loads(template: Any, parameters: Any) -> None:
    result = loaded(json.dumps(template), parameters=parameters)
    assert isinstance(result, Templates)
    assert all(problem.file and problem.message for problem in result.problems)
    for resource in result.resources:
        msgspec.json.encode(resource, enc_hook=_text)  # nothing but plain types and stand-ins


def _text(value: Any) -> Any:
    assert type(value) is StandIn
    return value.text


SAM = st.fixed_dictionaries(
    {
        "Type": st.sampled_from(
            [f"AWS::Serverless::{kind}" for kind in ("Function", "Api", "HttpApi", "SimpleTable")]
        )
    },
    optional={
        "Properties": st.dictionaries(
            st.sampled_from(
                ["CodeUri", "InlineCode", "Handler", "Runtime", "Role", "Events", "Policies", "StageName", "Auth"]
            ),
            CALLS,
        )
        | CALLS,
        "Condition": NAMES,
    },
)


@settings(max_examples=25)
@given(st.dictionaries(st.sampled_from("ABC"), SAM, min_size=1), CALLS, st.dictionaries(NAMES, CALLS, max_size=2))
def test_any_sam_template_loads(resources: Any, defaults: Any, conditions: Any) -> None:
    template = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": resources | {"Plain": {"Type": "AWS::S3::Bucket"}},
        "Globals": {"Function": defaults},
        "Conditions": conditions,
    }
    result = loaded(json.dumps(template))
    assert "Plain" in {resource.logical_id for resource in result.resources}


@given(CALLS | PLAIN)
def test_any_document_loads(document: Any) -> None:
    assert not loaded(json.dumps(document)).resources or isinstance(document, dict)


@given(st.binary(max_size=200))
def test_any_bytes_load(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.yaml"
        path.write_bytes(content)
        assert load([path]).problems


@given(st.text(max_size=100).map(lambda text: "Resources:\n  " + text))
def test_any_text_loads(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.yaml"
        path.write_bytes(text.encode("utf-8", "replace"))
        assert isinstance(load([path]), Templates)


@given(TEMPLATES)
def test_json_and_yaml_mean_the_same(template: Any) -> None:
    from_json = loaded(json.dumps(template))
    from_yaml = loaded(yaml.safe_dump(template, allow_unicode=True, sort_keys=False), ".yaml")
    from_tabs = loaded(json.dumps(template, indent="\t"))
    assert meaning(from_json.resources) == meaning(from_yaml.resources) == meaning(from_tabs.resources)
    assert messages(from_json) == messages(from_yaml) == messages(from_tabs)


@given(st.dictionaries(TEXTS.filter(lambda key: key not in ("Fn::Transform", "<<")), PLAIN, max_size=4))
def test_a_template_without_functions_is_taken_as_it_is(properties: Any) -> None:
    properties = {key: value for key, value in properties.items() if key != "Ref"} | {"Size": 1}
    template = {"Resources": {"A": {"Type": "A::B::C", "Properties": properties}}}
    [resource] = loaded(json.dumps(template)).resources
    assert resource.properties == properties
    [resource] = loaded(yaml.safe_dump(template, allow_unicode=True), ".yaml").resources
    assert resource.properties == properties
