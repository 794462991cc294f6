"""No invented AWS: what Config's items are turned into exists in botocore's answers or CloudFormation's schemas."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from demarcate.base.documents import read
from demarcate.estate.schema.rows import detail_of
from demarcate.estate.schema.table import UNSET, Column, From, Table
from demarcate.estate.sources.config.recorded import RECORDER, Recorded, Told, all_recorded, own_place
from demarcate.estate.sources.config.shapes import item_shape, output_shape
from demarcate.estate.tables import all_tables
from tests.each import each
from tests.estate.test_tables import schema_walk, walk

ALL = [recorded for recordings in all_recorded().values() for recorded in recordings]
PUBLISHED = read(Path(__file__).parent / "published.yaml", dict[str, list[str]])
INSIDE = {"LockConfiguration"}
"""Members of items in CloudFormation's form that stand in a live item as they are."""


def of(recorded: Recorded) -> Table:
    return all_tables()[recorded.table]


def ids(recorded: Any) -> str:
    return f"{recorded.type} {recorded.table}"


def place_of(recorded: Recorded, column: Column) -> From | None:
    if column.name in recorded.columns:
        return recorded.columns[column.name]
    return own_place(recorded, column)


def test_types_are_those_of_config() -> None:
    model = botocore.session.get_session().get_service_model("config")
    types: Any = model.shape_for("ResourceType")
    supported = set(types.enum)
    # The recorder itself is recorded without being asked for, so the API does not take it as a type.
    assert set(all_recorded()) - {RECORDER} <= supported


@each("recorded", ALL, ids=ids)
def test_what_a_type_names_is_there(recorded: Recorded) -> None:
    table = of(recorded)
    names = {column.name for column in table.columns}
    assert set(recorded.columns) <= names
    assert set(recorded.absent) <= names
    assert set(recorded.details) <= set(table.details)
    assert set(recorded.newest or ()) <= names
    for name in recorded.absent:
        column = table.column(name)
        assert column is not None
        place = place_of(recorded, column)
        assert place is not None, f"{name} is not recorded"
        assert UNSET not in (column.absent,) or place.absent is not UNSET, f"{name}: absence means nothing"


@each("recorded", ALL, ids=ids)
def test_places_that_differ_exist(recorded: Recorded) -> None:
    table = of(recorded)
    for name, place in recorded.columns.items():
        if place is None or place.path == "@":
            continue
        if recorded.declared and place.path in PUBLISHED.get(recorded.type, ()):
            continue
        if place.path.split(".")[0] in INSIDE:
            schema_walk(cloudformation_type(recorded), place.path)
            continue
        detail = detail_of(place.path)
        root = output_shape(table.details[detail].operation) if detail else item_shape(table)
        rest = place.path[1:].partition(".")[2] if detail else place.path
        walk(root, rest or "@", f"{recorded.type} {name}")


@pytest.mark.parametrize(
    ("recorded", "name"),
    [(recorded, name) for recorded in ALL for name in recorded.details],
    ids=lambda v: v if isinstance(v, str) else ids(v),
)
def test_a_detail_stands_in_the_answer_of_its_call(recorded: Recorded, name: str) -> None:
    told: Told = recorded.details[name]
    walk(output_shape(of(recorded).details[name].operation), told.at or "@", f"{recorded.type} {name}")


@each("recorded", [recorded for recorded in ALL if recorded.names], ids=ids)
def test_names_lead_to_members(recorded: Recorded) -> None:
    shapes = [
        item_shape(of(recorded)),
        *(output_shape(of(recorded).details[name].operation) for name in recorded.details),
    ]
    members = {member.lower() for shape in shapes for member in inside(shape, 0)}
    for name in recorded.names.values():
        assert name.lower() in members, name


def inside(shape: Any, depth: int) -> set[str]:
    if depth > 6:
        return set()
    if shape.type_name == "structure":
        return set(shape.members).union(*(inside(member, depth + 1) for member in shape.members.values()))
    if shape.type_name == "list":
        return inside(shape.member, depth + 1)
    return inside(shape.value, depth + 1) if shape.type_name == "map" else set()


def cloudformation_type(recorded: Recorded) -> str:
    return of(recorded).types[0]


@each("recorded", [recorded for recorded in ALL if recorded.absent], ids=ids)
def test_leaving_out_counts_where_aws_publishes_the_member(recorded: Recorded) -> None:
    published = {name.lower() for name in PUBLISHED[recorded.type]}
    for name in recorded.absent:
        column = of(recorded).column(name)
        assert column is not None
        place = place_of(recorded, column)
        assert place is not None
        assert any(covers(member, config_path(recorded, place).lower()) for member in published), (
            name,
            place.path,
        )


def covers(published: str, path: str) -> bool:
    return path == published or path.startswith(f"{published}.") or published.startswith(f"{path}.")


def config_path(recorded: Recorded, place: From) -> str:
    """Where Config has what a column's place leads to."""
    text = re.sub(r"\[\d*\]", "", place.path)
    if detail := detail_of(text):
        told = recorded.details[detail]
        rest = text[1:].partition(".")[2].removeprefix(told.at).removeprefix(".")
        entry = (
            f"supplementaryConfiguration.{told.entry}" if told.entry else ENTRIES.get((recorded.type, detail), "")
        )
        return ".".join(part for part in (entry, rest) if part)
    text = text.removeprefix(f"{recorded.at}." if recorded.at else "")
    names = {to.lower(): name for name, to in recorded.names.items()}
    first, _, rest = text.partition(".")
    text = ".".join(part for part in (names.get(first.lower(), first), rest) if part)
    return f"distributionConfig.{text}" if recorded.type == "AWS::CloudFront::Distribution" else text


ENTRIES = {
    ("AWS::Backup::BackupVault", "notifications"): "Notifications",
    ("AWS::ECR::Repository", "lifecycle"): "LifecyclePolicy",
    ("AWS::EFS::FileSystem", "lifecycle"): "LifecyclePolicies",
    ("AWS::Backup::BackupPlan", "plan"): "BackupPlan",
}
"""Where in the configuration a detail is taken from."""


def test_published_is_no_more_than_what_is_used() -> None:
    assert set(PUBLISHED) == {
        recorded.type for recorded in ALL if recorded.absent or (recorded.declared and recorded.columns)
    }
