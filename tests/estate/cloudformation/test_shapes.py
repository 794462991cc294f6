"""Templates in the API's shape: the data is what botocore and the resource schemas say, and nothing is lost by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from demarcate.estate.schema.table import Table
from demarcate.estate.sources.cloudformation import shapes
from demarcate.estate.tables import all_tables, table
from tests.each import each
from tests.estate.schemas import schema
from tools.shapes import text

FILE = Path(shapes.__file__).with_name("shapes.json")


def test_the_data_is_what_aws_says_now() -> None:
    assert FILE.read_text() == text(), "make shapes"


def test_a_place_is_that_of_the_api_unless_another_is_named() -> None:
    cluster = table("aws_eks_cluster")
    places = {column.name: shapes.place_of(cluster, column) for column in cluster.columns}
    role, arn, status = places["role_arn"], places["arn"], places["status"]
    assert role is not None
    assert (role.path, role.said) == ("roleArn", "RoleArn")
    assert arn is not None
    assert arn.path == "#attribute.Arn"
    assert status is None, "AWS sets it, and no template does"


@each("of", [of for of in all_tables().values() if of.types], ids=lambda of: of.name)
def test_a_place_is_named_only_where_it_is_another(of: Table) -> None:
    for column in of.columns:
        live, named = column.place("live"), shapes.place_of(of, column)
        if live is not None and column.place("cloudformation") is not None and column.name != "tags":
            unnamed = shapes.place_of(of, structs.replace(column, places={"live": live}))
            assert unnamed != named, f"{of.name}.{column.name}: leave its place in templates out"


def test_what_only_the_api_calls_so_is_no_property() -> None:
    properties = {"RoleArn": "r", "version": "1.30", "Tags": {"RoleArn": "kept"}}
    assert shapes.in_api_shape("AWS::EKS::Cluster", properties) == {"roleArn": "r", "tags": {"RoleArn": "kept"}}


@pytest.mark.parametrize("type_", ["AWS::S3::Bucket", "Custom::Thing"])
def test_other_types_stay_as_they_are(type_: str) -> None:
    properties = {"name": 1, "Name": 2}
    assert shapes.in_api_shape(type_, properties) is properties


RENAMED = sorted(type_ for type_ in shapes._shapes() if shapes._names(type_))


@settings(max_examples=10)
@given(data=st.data())
@pytest.mark.parametrize("type_", RENAMED)
def test_no_property_is_lost(type_: str, data: st.DataObject) -> None:
    names = sorted(schema(type_)["properties"])
    properties = data.draw(st.dictionaries(st.sampled_from(names), st.integers()))
    shaped = shapes.in_api_shape(type_, properties)
    assert sorted(map(str, shaped.values())) == sorted(map(str, properties.values()))
    assert {name.lower() for name in shaped} == {name.lower() for name in properties}


def test_the_types_of_a_table_have_the_same_names() -> None:
    """A place is translated once for all of them."""
    for of in all_tables().values():
        assert len({repr(shapes._names(type_)) for type_ in of.types}) <= 1, of.name


def test_what_is_read_by_name_keeps_its_name() -> None:
    """Companions and derived rows find properties by the names of templates."""
    read: set[tuple[str, Any]] = set()
    for of in all_tables().values():
        read |= {(companion.type, companion.property) for companion in of.companions.values()}
        read |= {(derived.of, name) for derived in of.derived if "::" in derived.of for name in derived.needs}
    for type_, name in read:
        assert name in shapes.in_api_shape(type_, {name: 1}), f"{type_} {name}"
