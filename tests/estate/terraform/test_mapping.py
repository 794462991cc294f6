"""What resources are in the words of templates, held to the providers' own schemas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from demarcate.estate.sources.cloudformation.forms import forms_of
from demarcate.estate.sources.cloudformation.source import TemplateSource
from demarcate.estate.sources.terraform.mapped import (
    BLOCK,
    OWN,
    REF,
    Mapped,
    all_mapped,
    attributes,
    declarations,
    provider_versions,
)
from demarcate.estate.sources.terraform.source import TerraformSource
from demarcate.estate.sources.terraform.telling import told_types
from demarcate.estate.tables import all_tables
from tests.each import each

MADE = ("#", "rule_no", "security_group_id", "network_acl_id", "subnet_id", "route_table_id")
"""Attributes that `each` of a resource makes: they begin so, or are of another resource than the block's."""

UNTOLD_TYPES = {"AWS::IAM::Policy"}
"""Types of which no provider has a resource: what AWS calls so is one resource for each user, role and group there."""

NAMED_OTHERWISE = {
    "AWS::ApiGateway::Deployment": "a deployment makes no stage: aws_api_gateway_stage does",
    "AWS::DynamoDB::GlobalTable": "aws_dynamodb_table has the replicas itself",
    "AWS::Lambda::ResourcePolicy": "aws_lambda_permission is a statement of it",
    "AWS::SNS::TopicInlinePolicy": "aws_sns_topic_policy says the same",
    "AWS::SQS::QueueInlinePolicy": "aws_sqs_queue_policy says the same",
}
"""Types that `hashicorp/aws` has under another one's name; `awscc` has a resource of each."""

BY_NAME = sorted(declarations(), key=lambda mapped: (mapped.resource, mapped.type))


def blocks_of(tree: Any) -> Iterator[dict[str, Any]]:
    """A resource's attributes, and those of each block in it."""
    if isinstance(tree, dict):
        yield tree
        for inner in tree.values():
            yield from blocks_of(inner)


def leads(tree: Any, way: str) -> bool:
    """Whether a block has what is at a path."""
    for step in way.split("."):
        if not isinstance(tree, dict) or step not in tree:
            return False
        tree = tree[step]
    return True


@each("mapped", BY_NAME, ids=lambda mapped: f"{mapped.resource} {mapped.type}")
def test_no_attribute_is_invented(mapped: Mapped) -> None:
    tree = attributes().get(mapped.resource)
    assert tree is not None, "no provider has such a resource"
    named = [*mapped.ref[:1], mapped.into] if not mapped.into else [mapped.into]
    wrong = [name for name in named if name and name not in tree]
    for rule in mapped.names.values():
        for way in [rule] if isinstance(rule, str) else rule if isinstance(rule, tuple) else []:
            made = way.startswith(MADE) and mapped.each is not None
            if way not in (BLOCK, REF) and not made and not any(leads(block, way) for block in blocks_of(tree)):
                wrong.append(way)
    assert not wrong


@each("mapped", BY_NAME, ids=lambda mapped: f"{mapped.resource} {mapped.type}")
def test_no_property_is_invented(mapped: Mapped) -> None:
    forms = forms_of(mapped.type)
    assert forms[""], "no template has such a resource"
    for path in [*mapped.names, *filter(None, [mapped.at])]:
        if path.startswith(OWN):
            continue
        form: Any = forms[""]
        for step in path.split("."):
            form = form[0] if isinstance(form, list) else form
            members = forms[form[1:]] if isinstance(form, str) and form.startswith("#") else form
            if step == "*":
                break
            assert isinstance(members, dict), path
            assert step in members, path
            form = members[step]


def test_all_tables_that_templates_tell_are_told() -> None:
    mine, templates = TerraformSource(), TemplateSource()
    tables = [table for table in all_tables().values() if templates.tells(table)]
    assert len(tables) >= 130
    assert [table.name for table in tables if not mine.tells(table)] == []
    untold = [
        (table.name, column.name)
        for table in tables
        for column in table.columns
        if table.types and templates.place(table, column) is not None and mine.place(table, column) is None
    ]
    assert untold == []


def test_all_types_are_of_a_resource_of_the_provider_that_people_use() -> None:
    types = {type_ for table in all_tables().values() for type_ in table.types}
    types |= {c.type for table in all_tables().values() for c in table.companions.values()}
    types |= {d.of for table in all_tables().values() for d in table.derived if "::" in d.of}
    types |= {within.type for table in all_tables().values() for within in table.within}
    assert types - told_types() == UNTOLD_TYPES
    assert types - {mapped.type for mapped in declarations()} - UNTOLD_TYPES == NAMED_OTHERWISE.keys()


def test_the_versions_of_the_providers_are_told() -> None:
    versions = provider_versions()
    assert versions["aws"].keys() >= {"4", "5", "6"}
    assert versions["awscc"]
    assert len({mapped.resource for mapped in declarations()}) >= 190
    assert sum(name.startswith("awscc_") for name in all_mapped()) >= 130
